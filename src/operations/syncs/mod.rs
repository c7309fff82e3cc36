//! Operations on sync jobs: start, list, show, cancel, and run one here.

mod cancel;
mod outcome;
mod run_here;
mod show;
mod start;

pub use cancel::{Cancellation, cancel};
pub use outcome::JobOutcome;
pub use run_here::{HereEnd, run_here};
pub use show::{JobQuery, JobSummary, JobView, list, show};
pub use start::{StartedJob, SyncRequest, start};
