//! The lease of one job: what claiming it, giving it back and losing it mean. Holding it is left to `coordination::lease`.

use chrono::Utc;
use elastic_client::{ElasticError, JobStatus, Refresh, SyncJobRecord, SyncJobs};
use serde_json::{Value, json};

use super::job_state::{end_of, is_claimable, is_running};
use crate::coordination::lease::{Claimed, Lease, LeaseError, Leased};
use crate::coordination::presence::Presence;
use crate::coordination::records::Records;
use crate::inbound::records::{JobRecords, SyncRecords};

/// A job that this worker holds.
pub type JobLease = Lease<SyncJobs>;

/// The outcome of a claim.
#[derive(Debug)]
pub enum Claim<J: JobRecords> {
    /// It is ours now. The record is as it was before the claim.
    Claimed(Box<Lease<J>>, Box<SyncJobRecord>),
    /// Someone else has it, or it is in no state to be claimed.
    NotClaimable(String),
}

impl Leased for SyncJobRecord {
    type State = JobStatus;

    fn mark(&self) -> Option<&str> {
        self.metadata.claimed_by.as_deref()
    }

    fn running(&self) -> Result<JobStatus, String> {
        match &self.status {
            Some(status) if is_running(Some(status)) => Ok(status.clone()),
            other => {
                let status = other.as_ref().map_or("unknown", JobStatus::as_str);
                Err(format!("someone set the job to {status}"))
            }
        }
    }
}

/// Claims a job that waits. A list of jobs may be old, so the record is read again and must not change until it is ours;
/// a job that was canceled in between is not revived.
pub async fn claim<S: SyncRecords>(records: &S, job_id: &str, worker: &str) -> Result<Claim<S::Jobs>, ElasticError> {
    let mark = Presence::of_this_process().mark(worker);
    let mut before = None;
    let claim = |job: &SyncJobRecord| {
        if !is_claimable(job.status.as_ref()) {
            let status = job.status.as_ref().map_or("unknown", JobStatus::as_str);
            return Err(format!("its status is {status}"));
        }
        before = Some(job.clone());
        let now = Utc::now().to_rfc3339();
        let doc = json!({
            "status": JobStatus::InProgress.as_str(),
            "worker_hostname": worker,
            "started_at": job.started_at.map_or_else(|| now.clone(), |first| first.to_rfc3339()),
            "last_seen": now,
            "error": null,
            "metadata": { "claimed_by": mark },
        });
        Ok((doc, JobStatus::InProgress))
    };
    let claimed = Lease::claim(records.job_records(), job_id, mark.clone(), claim).await?;
    Ok(match (claimed, before) {
        (Claimed::Ours(lease), Some(before)) => Claim::Claimed(Box::new(lease), Box::new(before)),
        (Claimed::Ours(_), None) => unreachable!("a mark is only found where it was written"),
        (Claimed::NotClaimable(reason), _) => Claim::NotClaimable(reason),
    })
}

/// Gives the job back as it was before the claim: the connector is busy with another one. If somebody has asked to
/// cancel it, it is over.
pub async fn give_back<J: Records<Record = SyncJobRecord>>(
    lease: &Lease<J>,
    before: &SyncJobRecord,
) -> Result<(), LeaseError> {
    let started = before.started_at.map(|started| started.to_rfc3339());
    let doc = |now: &JobStatus| {
        let status = end_of(now, before.status.clone().unwrap_or(JobStatus::Pending));
        let mut doc = json!({ "status": status.as_str() });
        if status == JobStatus::Canceled {
            let now = Utc::now().to_rfc3339();
            doc["canceled_at"] = now.clone().into();
            doc["completed_at"] = now.into();
        } else {
            doc["started_at"] = started.clone().into();
            doc["worker_hostname"] = Value::Null;
        }
        doc
    };
    lease.write_for(doc, Refresh::Immediate).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coordination::memory::{Fault, MemoryRecords};
    use crate::inbound::records::memory::MemorySyncRecords;

    fn waiting() -> MemorySyncRecords {
        let records = MemorySyncRecords::new();
        records
            .jobs
            .put("j", json!({ "status": "pending", "started_at": null }));
        records
    }

    async fn claimed(records: &MemorySyncRecords) -> Box<Lease<MemoryRecords<SyncJobRecord>>> {
        match claim(records, "j", "w").await.unwrap() {
            Claim::Claimed(lease, before) => {
                assert_eq!(before.status, Some(JobStatus::Pending));
                lease
            }
            Claim::NotClaimable(reason) => panic!("{reason}"),
        }
    }

    fn status(records: &MemorySyncRecords) -> Value {
        records.jobs.document("j").unwrap()["status"].clone()
    }

    #[tokio::test]
    async fn a_job_whose_claim_lost_its_answer_is_run_by_its_claimer() {
        for fault in [Fault::AppliedAnswerLost, Fault::NotAppliedAnswerLost, Fault::Touched] {
            let records = waiting();
            records.jobs.fail_next(&[fault]);
            let lease = claimed(&records).await;
            assert_eq!(status(&records), "in_progress", "{fault:?}");
            lease.write(&json!({ "last_seen": "x" }), Refresh::None).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_job_that_is_canceled_while_the_answer_to_its_claim_is_lost_is_canceled_by_its_claimer() {
        let records = waiting();
        // The claim is written, then the request to cancel; the answer to the claim never comes.
        records.jobs.fail_next(&[Fault::AppliedAnswerLost]);
        let claiming = claim(&records, "j", "w");
        let canceling = async {
            while status(&records) != "in_progress" {
                tokio::task::yield_now().await;
            }
            records.jobs.merge("j", &json!({ "status": "canceling" }));
        };
        let (claim, ()) = tokio::join!(claiming, canceling);
        let Claim::Claimed(lease, before) = claim.unwrap() else {
            panic!("nobody else runs it")
        };
        assert_eq!(lease.state().await.unwrap(), JobStatus::Canceling);
        give_back(&lease, &before).await.unwrap();
        assert_eq!(status(&records), "canceled");
    }

    #[tokio::test]
    async fn a_job_that_another_worker_claimed_first_is_left_to_it() {
        let records = waiting();
        claimed(&records).await;
        let second = claim(&records, "j", "w").await.unwrap();
        assert!(
            matches!(&second, Claim::NotClaimable(reason) if reason.contains("in_progress")),
            "{second:?}"
        );
    }

    #[tokio::test]
    async fn the_end_of_a_job_whose_answer_was_lost_is_not_taken_for_a_lost_job() {
        let records = waiting();
        let lease = claimed(&records).await;
        records.jobs.fail_next(&[Fault::AppliedAnswerLost]);
        let end = lease.write(&json!({ "status": "completed" }), Refresh::Immediate).await;
        assert!(end.is_ok(), "{end:?}");
        assert_eq!(status(&records), "completed");
    }

    #[tokio::test]
    async fn a_job_that_is_canceled_while_the_answer_to_a_report_is_lost_is_not_suspended() {
        let records = waiting();
        let lease = claimed(&records).await;
        records.jobs.fail_next(&[Fault::AppliedAnswerLost]);
        let report = json!({ "last_seen": "x" });
        let reporting = lease.write(&report, Refresh::None);
        let canceling = async {
            while records.jobs.document("j").unwrap()["last_seen"] != "x" {
                tokio::task::yield_now().await;
            }
            records.jobs.merge("j", &json!({ "status": "canceling" }));
        };
        let (written, ()) = tokio::join!(reporting, canceling);
        written.unwrap();
        let end = |now: &JobStatus| json!({ "status": end_of(now, JobStatus::Suspended).as_str() });
        lease.write_for(end, Refresh::None).await.unwrap();
        assert_eq!(status(&records), "canceled");
    }

    #[tokio::test]
    async fn a_worker_notices_that_its_job_is_gone() {
        let records = waiting();
        let lease = claimed(&records).await;
        records.jobs.delete("j");
        let written = lease.write(&json!({ "last_seen": "x" }), Refresh::None).await;
        assert!(
            matches!(&written, Err(LeaseError::Lost(reason)) if reason.contains("deleted")),
            "{written:?}"
        );
    }
}
