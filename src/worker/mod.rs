//! The running service: its loops, their failure budget and heartbeat. It finds jobs and starts them; what a job does is
//! left to `inbound`.

pub mod preflight;
pub mod supervisor;
pub mod supervisor_error;

mod failure_budget;
mod served_connectors;
mod shared;

// The loops.
mod heartbeat;
mod job_queue;
mod scheduler;
