//! `jira-connector connector schedule`: shows or changes when a connector syncs by itself.
//!
//! Keeping to the expressions is the service's work.

use anyhow::Context as _;
use elastic_client::{ConnectorRecord, ElasticError, JobType, ScheduleEntry};
use serde_json::{Map, Value, json};

use super::connector_arguments::ConnectorSchedule;
use super::context;
use super::exit::CommandError;
use super::output::{Output, table};
use crate::config::Config;
use crate::inbound::schedules::cron::CronExpression;

const EXPLAINED: &str =
    "An expression is Quartz cron, such as '0 0/10 * * * ?' for every 10 minutes; `on` and `off` switch";
/// The schedule that Elasticsearch gives a new connector: every day at midnight.
const INITIAL: &str = "0 0 0 * * ?";

pub(super) async fn schedule(config: &Config, options: ConnectorSchedule, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, options.connector_id)?.connector_id;
    let client = context::connect(config).await?;
    let read = async || -> Result<ConnectorRecord, CommandError> {
        let found = client
            .connectors()
            .get(&id)
            .await
            .context("cannot read the connector")?;
        Ok(found.ok_or_else(|| context::no_such_connector(&id))?.value)
    };
    let mut record = read().await?;
    let wanted = [
        (JobType::Full, options.full),
        (JobType::Incremental, options.incremental),
        (JobType::AccessControl, options.access_control),
    ];
    let changes: Map<String, Value> = wanted
        .into_iter()
        .filter_map(|(job_type, wanted)| {
            let entry = change(record.schedule(&job_type), wanted?.trim());
            Some((job_type.as_str().to_owned(), entry))
        })
        .collect();
    if !changes.is_empty() {
        // Elasticsearch checks them too, but not where the connector API is missing or switched off.
        for entry in changes.values().filter(|entry| entry["enabled"] == true) {
            let expression = entry["interval"].as_str().unwrap_or_default();
            if let Err(problem) = expression.parse::<CronExpression>() {
                return Err(CommandError::Usage(format!(
                    "`{expression}` cannot be used: {problem}. {EXPLAINED}"
                )));
            }
        }
        client
            .connectors()
            .update_scheduling(&id, &Value::Object(changes))
            .await
            .map_err(refused)?;
        record = read().await?;
    }
    show(&id, &record, output);
    Ok(())
}

fn change(current: Option<&ScheduleEntry>, wanted: &str) -> Value {
    let kept = current.map_or(INITIAL, |entry| entry.interval.as_str());
    match wanted {
        "off" => json!({ "enabled": false, "interval": kept }),
        "on" => json!({ "enabled": true, "interval": kept }),
        expression => json!({ "enabled": true, "interval": expression }),
    }
}

fn refused(error: ElasticError) -> CommandError {
    match error {
        ElasticError::BadRequest { .. } => CommandError::Usage(format!("{error}. {EXPLAINED}")),
        other => CommandError::Failed(anyhow::Error::from(other).context("cannot change the schedules")),
    }
}

fn show(id: &str, record: &ConnectorRecord, output: &Output) {
    let types = [JobType::Full, JobType::Incremental, JobType::AccessControl];
    let entry = |job_type: &JobType| match record.schedule(job_type) {
        Some(entry) => (entry.enabled, entry.interval.as_str()),
        None => (false, "-"),
    };
    let rows: Vec<Vec<String>> = types
        .iter()
        .map(|job_type| {
            let (enabled, interval) = entry(job_type);
            let switch = if enabled { "on" } else { "off" };
            vec![job_type.as_str().to_owned(), switch.to_owned(), interval.to_owned()]
        })
        .collect();
    let json: Map<String, Value> = types
        .iter()
        .map(|job_type| {
            let (enabled, interval) = entry(job_type);
            let value = json!({ "enabled": enabled, "interval": interval });
            (job_type.as_str().to_owned(), value)
        })
        .collect();
    let text = table(&["TYPE", "SWITCH", "QUARTZ CRON, UTC"], &rows);
    output.result(&json!({ "connector_id": id, "scheduling": json }), &text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switching_off_keeps_the_expression() {
        let entry = ScheduleEntry {
            enabled: true,
            interval: "0 0 3 ? * SUN".to_owned(),
        };
        let off = json!({ "enabled": false, "interval": "0 0 3 ? * SUN" });
        assert_eq!(change(Some(&entry), "off"), off);
        assert_eq!(change(None, "on"), json!({ "enabled": true, "interval": INITIAL }));
        assert_eq!(change(Some(&entry), "0 0 4 * * ?")["interval"], "0 0 4 * * ?");
    }
}
