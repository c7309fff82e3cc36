//! `jira-connector connector list` and `show`.

use chrono::{DateTime, Utc};
use elastic_client::{ConnectorStatus, JobStatus};

use super::context;
use super::error::CommandError;
use super::output::{Output, or_dash, table};
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::connectors;
use crate::operations::connectors::ConnectorView;

pub(super) async fn list(config: &Config, output: &Output) -> Result<(), CommandError> {
    let installation = Installation::connect(config).await?;
    let listed = connectors::list(&installation).await?;
    let rows: Vec<Vec<String>> = listed
        .iter()
        .map(|connector| {
            let summary = &connector.summary;
            vec![
                summary.connector_id.clone(),
                or_dash(summary.index_name.as_deref()),
                or_dash(summary.service_type.as_deref()),
                or_dash(summary.status.as_ref().map(ConnectorStatus::as_str)),
                or_dash(summary.last_sync_status.as_ref().map(JobStatus::as_str)),
                or_dash(connector.documents.map(|count| count.to_string()).as_deref()),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        "There are no connectors; make one with `jira-connector connector create`.".to_owned()
    } else {
        table(&["ID", "INDEX", "TYPE", "STATUS", "LAST SYNC", "DOCUMENTS"], &rows)
    };
    output.result(&listed, &text);
    Ok(())
}

pub(super) async fn show(config: &Config, named: Option<String>, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, named)?;
    let installation = Installation::connect(config).await?;
    let view = connectors::show(&installation, &id).await?;
    output.result(&view, &describe(&view).join("\n"));
    Ok(())
}

fn describe(view: &ConnectorView) -> Vec<String> {
    let summary = &view.summary;
    let count = summary.last_indexed_document_count.map(|count| count.to_string());
    let mut lines = vec![
        line("id", &summary.connector_id),
        line("name", &or_dash(summary.name.as_deref())),
        line("index", &or_dash(summary.index_name.as_deref())),
        line("status", &or_dash(summary.status.as_ref().map(ConnectorStatus::as_str))),
        line("error", &or_dash(summary.error.as_deref())),
        line("last seen", &time(summary.last_seen)),
        line(
            "last sync",
            &or_dash(summary.last_sync_status.as_ref().map(JobStatus::as_str)),
        ),
        line("last sync at", &time(summary.last_synced)),
        line("last sync error", &or_dash(summary.last_sync_error.as_deref())),
        line("documents", &or_dash(count.as_deref())),
    ];
    for (job_type, schedule) in view.schedules.each() {
        let name = format!("{} syncs", job_type.as_str().replace('_', " "));
        let when = if schedule.enabled {
            &schedule.interval
        } else {
            "only when asked for"
        };
        lines.push(line(&name, when));
    }
    lines.push(String::new());
    lines.extend(view.configuration.iter().map(|(key, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        line(key, &text)
    }));
    lines
}

fn line(name: &str, value: &str) -> String {
    format!("{name:<34}{value}").trim_end().to_owned()
}

fn time(at: Option<DateTime<Utc>>) -> String {
    at.map_or_else(|| "-".to_owned(), |at| at.format("%Y-%m-%d %H:%M:%S UTC").to_string())
}
