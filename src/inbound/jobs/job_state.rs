//! Decides which state of a job may follow which, as pure functions. Callers read and write the records.

use elastic_client::JobStatus;

/// A job that lost its worker more often than this has something wrong with it.
pub(crate) const MAX_RECOVERIES: u64 = 3;

/// Whether a worker may take the job.
pub(crate) fn is_claimable(status: Option<&JobStatus>) -> bool {
    matches!(status, Some(JobStatus::Pending | JobStatus::Suspended))
}

/// Whether a worker is supposed to be at it.
pub(crate) fn is_running(status: Option<&JobStatus>) -> bool {
    matches!(status, Some(JobStatus::InProgress | JobStatus::Canceling))
}

/// The next state of a job that its worker ends, suspends or gives back. Whoever asked to cancel it meanwhile, even in
/// the last moment, does not see it go on or completed.
pub(crate) fn end_of(now: &JobStatus, wanted: JobStatus) -> JobStatus {
    match (now, wanted) {
        (JobStatus::Canceling, JobStatus::Completed | JobStatus::Suspended | JobStatus::Pending) => JobStatus::Canceled,
        (_, wanted) => wanted,
    }
}

/// The next state of a job whose worker is gone, for the `recoveries`-th time.
pub(crate) fn after_idle(status: &JobStatus, recoveries: u64) -> JobStatus {
    match status {
        JobStatus::Canceling => JobStatus::Canceled,
        _ if recoveries > MAX_RECOVERIES => JobStatus::Error,
        _ => JobStatus::Suspended,
    }
}

/// The state of a job whose connector is gone; none when it is over already.
pub(crate) fn after_orphaned(status: &JobStatus) -> Option<JobStatus> {
    match status {
        JobStatus::InProgress => Some(JobStatus::Error),
        JobStatus::Pending | JobStatus::Suspended | JobStatus::Canceling => Some(JobStatus::Canceled),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The moves that Elasticsearch's own state machine allows.
    fn is_legal(from: &JobStatus, to: &JobStatus) -> bool {
        use JobStatus::{Canceled, Canceling, Completed, Error, InProgress, Pending, Suspended};
        matches!(
            (from, to),
            (Pending | Suspended, InProgress | Canceled)
                | (InProgress, Canceling | Completed | Suspended | Error)
                | (Canceling, Canceled | Error)
        )
    }

    const ALL: [JobStatus; 7] = [
        JobStatus::Pending,
        JobStatus::InProgress,
        JobStatus::Canceling,
        JobStatus::Canceled,
        JobStatus::Suspended,
        JobStatus::Completed,
        JobStatus::Error,
    ];

    #[test]
    fn every_move_is_one_that_elasticsearch_allows() {
        use JobStatus::{Canceled, Completed, Error, InProgress, Pending, Suspended};
        for status in ALL {
            if is_claimable(Some(&status)) {
                assert!(is_legal(&status, &InProgress), "claiming {status}");
            }
            if is_running(Some(&status)) {
                for wanted in [Completed, Error, Canceled, Suspended, Pending] {
                    let next = end_of(&status, wanted.clone());
                    let given_back = status == InProgress && next == Pending;
                    assert!(
                        given_back || next == Canceled || is_legal(&status, &next),
                        "ending: {status} to {next}, {wanted} wanted"
                    );
                }
                for recoveries in 1..6 {
                    let next = after_idle(&status, recoveries);
                    assert!(is_legal(&status, &next), "idle: {status} to {next}");
                }
            }
            match after_orphaned(&status) {
                Some(next) => assert!(is_legal(&status, &next), "orphaned: {status} to {next}"),
                None => assert!(status.is_terminal(), "{status} would wait for ever"),
            }
        }
    }

    #[test]
    fn a_job_is_given_up_after_its_third_recovery() {
        let next: Vec<JobStatus> = (1..=4).map(|count| after_idle(&JobStatus::InProgress, count)).collect();
        assert_eq!(
            next,
            [
                JobStatus::Suspended,
                JobStatus::Suspended,
                JobStatus::Suspended,
                JobStatus::Error
            ]
        );
    }
}
