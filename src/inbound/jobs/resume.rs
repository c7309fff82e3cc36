//! Finds the checkpoint that a full sync goes on from: its own, or that of the full sync before it, when that ended in an
//! error that passes. What a checkpoint is worth is judged in the engine.

use elastic_client::{ElasticClient, ElasticError, JobFilter, JobStatus, JobType, SyncJobRecord};
use sync_engine::sync::Checkpoint;
use sync_engine::sync_rules;
use tracing::info;

use super::job_report::saved_checkpoint;

/// Failed jobs in a row that are looked through.
const MOST_FAILED: usize = 20;

/// The checkpoint to go on from.
pub(crate) async fn checkpoint(
    client: &ElasticClient,
    connector_id: &str,
    job: &SyncJobRecord,
) -> Result<Option<Checkpoint>, ElasticError> {
    if let Some(own) = saved_checkpoint(job) {
        return Ok(Some(own));
    }
    let filter = JobFilter {
        connector_ids: Some(vec![connector_id.to_owned()]),
        job_types: Some(vec![JobType::Full]),
        // The newest is this one itself.
        size: 1 + MOST_FAILED,
        newest_first: true,
        ..JobFilter::default()
    };
    let jobs = client.sync_jobs().list(&filter).await?;
    let before = jobs.iter().map(|other| &other.value);
    let checkpoint = left_behind(before.filter(|other| other.created_at < job.created_at), job);
    if checkpoint.is_some() {
        info!("the full sync before this one failed for a reason that passes: going on from its checkpoint");
    }
    Ok(checkpoint)
}

/// The checkpoint of the jobs before, the newest first, as long as each ended in an error that passes and asked for the
/// very same. One that failed before it wrote anything has none, and hides nothing.
fn left_behind<'j>(before: impl Iterator<Item = &'j SyncJobRecord>, job: &SyncJobRecord) -> Option<Checkpoint> {
    before
        .take_while(|before| {
            before.status == Some(JobStatus::Error)
                && before.metadata.failure_passes == Some(true)
                && asks_for_the_same(before, job)
        })
        .find_map(saved_checkpoint)
}

fn asks_for_the_same(before: &SyncJobRecord, job: &SyncJobRecord) -> bool {
    let rules = |record: &SyncJobRecord| {
        let filtering = &record.connector.filtering;
        (
            sync_rules::fingerprint(&filtering.rules, filtering.has_advanced()),
            filtering.advanced_snippet.clone(),
        )
    };
    before.connector.configuration == job.connector.configuration
        && before.connector.index_name == job.connector.index_name
        && before.connector.pipeline == job.connector.pipeline
        && rules(before) == rules(job)
}

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use elastic_client::JobMetadata;
    use serde_json::json;
    use sync_engine::sync::Coverage;
    use test_case::test_case;

    use super::*;

    fn failed() -> SyncJobRecord {
        let checkpoint = Checkpoint {
            started: Utc::now(),
            created_before: Some(Utc::now()),
            covered: Coverage::default(),
            failed: Vec::new(),
            form: String::new(),
        };
        let mut job = SyncJobRecord {
            status: Some(JobStatus::Error),
            metadata: JobMetadata {
                progress: Some(checkpoint.to_saved()),
                failure_passes: Some(true),
                ..JobMetadata::default()
            },
            ..SyncJobRecord::default()
        };
        job.connector.configuration.insert("projects".to_owned(), json!("*"));
        job
    }

    fn next() -> SyncJobRecord {
        SyncJobRecord {
            connector: failed().connector,
            ..SyncJobRecord::default()
        }
    }

    #[test]
    fn an_outage_costs_what_was_not_done_yet() {
        assert!(left_behind([&failed()].into_iter(), &next()).is_some());
    }

    #[test]
    fn an_outage_that_meets_the_next_sync_at_its_log_in_loses_nothing() {
        let mut at_log_in = failed();
        at_log_in.metadata.progress = None;
        assert!(left_behind([&at_log_in, &failed()].into_iter(), &next()).is_some());
        let completed = SyncJobRecord {
            status: Some(JobStatus::Completed),
            ..next()
        };
        assert!(left_behind([&completed, &failed()].into_iter(), &next()).is_none());
    }

    #[test_case(|before, _| before.metadata.failure_passes = Some(false); "the error stays")]
    #[test_case(|before, _| before.metadata.failure_passes = None; "nobody said that it passes")]
    #[test_case(|before, _| before.status = Some(JobStatus::Completed); "the sync before was completed")]
    #[test_case(|before, _| before.status = Some(JobStatus::Canceled); "the sync before was canceled")]
    #[test_case(|_, job| { job.connector.configuration.insert("projects".to_owned(), json!("AB")); }; "other settings")]
    #[test_case(|_, job| job.connector.index_name = Some("other".to_owned()); "another index")]
    #[test_case(|_, job| job.connector.filtering.advanced_snippet = Some(json!([{ "query": "project = AB" }])); "other rules")]
    fn everything_is_read_anew(change: fn(&mut SyncJobRecord, &mut SyncJobRecord)) {
        let (mut before, mut job) = (failed(), next());
        change(&mut before, &mut job);
        assert!(left_behind([&before].into_iter(), &job).is_none());
    }
}
