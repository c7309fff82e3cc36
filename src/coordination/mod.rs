//! Several services on the same records: who may write for how long, who has fallen silent. Which records these are is
//! left to the callers.

pub(crate) mod boot_clock;
pub mod fence;
pub(crate) mod idle_jobs;
pub mod lease;
#[cfg(test)]
pub(crate) mod memory;
pub mod modify;
pub(crate) mod presence;
pub mod records;
pub(crate) mod renewal;
pub(crate) mod stop;
