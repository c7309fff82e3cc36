//! A clock that goes on while this process is stopped and while the machine sleeps. What follows from it is left to
//! `renewal`.

use std::time::Duration;

/// Time since the machine started, suspended time included. Only differences mean something.
#[cfg(target_os = "linux")]
pub(crate) fn since_boot() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).expect("time since boot is not negative");
    let nanoseconds = u32::try_from(now.tv_nsec).expect("nanoseconds are below a billion");
    Duration::new(seconds, nanoseconds)
}

/// Time since the first call. Elsewhere than on Linux it may stand still while the machine sleeps; the program is
/// developed there, not run.
#[cfg(not(target_os = "linux"))]
pub(crate) fn since_boot() -> Duration {
    use std::sync::OnceLock;
    use std::time::Instant;
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_forward() {
        let first = since_boot();
        assert!(since_boot() >= first);
    }
}
