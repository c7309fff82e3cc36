//! Renders the result of a run for people.

use std::fmt;

use super::kibana::Ended;

/// One sync.
#[derive(Debug)]
pub(super) struct Sync {
    /// Its subject.
    pub(super) title: &'static str,
    pub(super) job_type: &'static str,
    pub(super) ended: Ended,
    /// Requests that Jira counted, or the job where Jira does not.
    pub(super) requests: u64,
    /// The service's memory, at most since it started.
    pub(super) peak_rss_mib: f64,
    /// Faults that were found afterwards.
    pub(super) complaints: Vec<String>,
}

/// The whole run.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) syncs: Vec<Sync>,
    /// Faults besides the index.
    pub(super) complaints: Vec<String>,
    pub(super) seconds: f64,
}

impl Report {
    fn all_complaints(&self) -> impl Iterator<Item = (&str, &String)> {
        let of_syncs = self
            .syncs
            .iter()
            .flat_map(|sync| sync.complaints.iter().map(|complaint| (sync.title, complaint)));
        of_syncs.chain(self.complaints.iter().map(|complaint| ("the run", complaint)))
    }

    /// Whether everything was as it must be.
    pub(super) fn is_correct(&self) -> bool {
        self.all_complaints().next().is_none()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads = [
            "",
            "type",
            "s",
            "indexed",
            "deleted",
            "in index",
            "requests",
            "peak RSS MiB",
        ];
        let [title, job_type, seconds, indexed, deleted, total, requests, rss] = heads;
        let right = |f: &mut fmt::Formatter<'_>, cells: [&str; 6]| {
            let [seconds, indexed, deleted, total, requests, rss] = cells;
            writeln!(
                f,
                "{seconds:>8} {indexed:>8} {deleted:>8} {total:>9} {requests:>9} {rss:>13}"
            )
        };
        write!(f, "{title:<36}{job_type:<12}")?;
        right(f, [seconds, indexed, deleted, total, requests, rss])?;
        for Sync {
            title,
            job_type,
            ended,
            requests,
            peak_rss_mib,
            ..
        } in &self.syncs
        {
            write!(f, "{title:<36}{job_type:<12}")?;
            let cells = [
                format!("{:.2}", ended.seconds),
                ended.indexed.to_string(),
                ended.deleted.to_string(),
                ended.total.to_string(),
                requests.to_string(),
                format!("{peak_rss_mib:.0}"),
            ];
            right(f, cells.each_ref().map(String::as_str))?;
        }
        for (title, complaint) in self.all_complaints() {
            writeln!(f, "WRONG after {title}: {complaint}")?;
        }
        let verdict = if self.is_correct() { "passed" } else { "FAILED" };
        write!(f, "ftest jira {verdict} in {:.0} s", self.seconds)
    }
}
