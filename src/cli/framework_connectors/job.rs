//! `connectors job`, with the framework's names of things.

use serde_json::json;

use super::arguments::JobPart;
use super::asking;
use crate::cli::error::CommandError;
use crate::cli::output::{Output, or_dash};
use crate::cli::sync_arguments::SyncList;
use crate::operations::Installation;
use crate::operations::syncs::{self, SyncRequest};

/// The options of our own list.
pub(super) fn listed(connector_id: String) -> SyncList {
    SyncList {
        connector_id: Some(connector_id),
        all: false,
        status: Vec::new(),
        sync_type: Vec::new(),
        limit: 100,
    }
}

pub(super) async fn carry_out(
    installation: &Installation<'_>,
    part: JobPart,
    output: &Output,
) -> Result<(), CommandError> {
    match part {
        JobPart::List { .. } => Ok(()),
        JobPart::Start {
            connector_id, job_type, ..
        } => {
            let wanted = SyncRequest {
                connector_id,
                job_type: job_type.job_type(),
                allow_deletions: None,
            };
            let started = syncs::start(installation, &wanted).await?;
            let text = format!("The job {} has been started.", started.job_id);
            output.result(&json!({ "id": started.job_id }), &text);
            Ok(())
        }
        JobPart::Cancel { job_id } => {
            let job = syncs::show(installation, &job_id).await?.summary;
            let status = job.status.map(|status| status.to_string());
            asking::confirm(
                &format!("Cancel job {job_id} ({})?", or_dash(status.as_deref())),
                output,
            )?;
            let canceled = syncs::cancel(installation, &[job_id]).await;
            for one in canceled {
                match one.error {
                    Some(error) => return Err(anyhow::anyhow!(error).into()),
                    None => output.result(
                        &one,
                        &format!("The job {} has been marked for cancellation.", one.job_id),
                    ),
                }
            }
            Ok(())
        }
        JobPart::View { job_id, .. } => view(installation, &job_id, output).await,
    }
}

async fn view(installation: &Installation<'_>, job_id: &str, output: &Output) -> Result<(), CommandError> {
    let job = syncs::show(installation, job_id).await?.summary;
    let view = json!({
        "job_id": job.job_id,
        "connector_id": job.connector_id,
        "index_name": job.index_name,
        "job_status": job.status,
        "job_type": job.job_type,
        "documents_indexed": job.indexed_document_count,
        "volume_documents_indexed": job.indexed_document_volume,
        "documents_deleted": job.deleted_document_count,
    });
    let lines = [
        ("Job id", "job_id"),
        ("Connector id", "connector_id"),
        ("Index name", "index_name"),
        ("Job status", "job_status"),
        ("Job type", "job_type"),
        ("Documents indexed", "documents_indexed"),
        ("Volume documents indexed, MiB", "volume_documents_indexed"),
        ("Documents deleted", "documents_deleted"),
    ];
    let lines = lines.map(|(name, key)| {
        let value = &view[key];
        format!(
            "{name}: {}",
            value.as_str().map_or_else(|| value.to_string(), str::to_owned)
        )
    });
    output.result(&view, &lines.join("\n"));
    Ok(())
}
