//! One measured sync, as it is kept and judged.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use crate::elastic::IndexWork;
use crate::meter::CpuSeconds;
use crate::options::Case;

/// One measured sync.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measurement {
    #[serde(serialize_with = "as_text")]
    pub(crate) case: Case,
    /// From `started_at` to `completed_at`, as the job states them.
    pub(crate) job_seconds: f64,
    /// From the request for the job until it was seen completed.
    pub(crate) wall_seconds: f64,
    /// Documents that the job wrote.
    pub(crate) documents: u64,
    /// Requests to Jira, without those to the host of attachment contents.
    pub(crate) requests: u64,
    pub(crate) media_requests: u64,
    pub(crate) requests_by_endpoint: BTreeMap<String, u64>,
    pub(crate) cpu_seconds: CpuSeconds,
    pub(crate) idle_rss_mib: f64,
    pub(crate) peak_rss_mib: f64,
    pub(crate) index_work: IndexWork,
    /// Others used more than a tenth of the machine: times mean little.
    pub(crate) disturbed: bool,
    /// What is wrong with the index afterwards; nothing when it is right.
    pub(crate) complaints: Vec<String>,
}

impl Measurement {
    pub(crate) fn worker_ms_per_document(&self) -> f64 {
        self.cpu_seconds.worker * 1_000.0 / self.documents.max(1) as f64
    }
}

/// For values that are written in JSON as they are displayed.
pub(crate) fn as_text<S: Serializer>(value: &impl std::fmt::Display, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(value)
}
