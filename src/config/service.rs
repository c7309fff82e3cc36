//! The `service` section: the intervals and limits of the long-running process.
//!
//! The loops decide how to use them; `service.log_*` is in `logging`.

use std::net::SocketAddr;
use std::time::Duration;

use super::logging::{self, LogFormat, LogLevel};
use super::monitoring;
use super::reader::Reader;
use super::values::SizeUnit;

/// Intervals and limits of the service.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// Pause between two looks at schedules and pending jobs.
    pub idling: Duration,
    /// Interval of the connectors' `last_seen`.
    pub heartbeat: Duration,
    /// The number of tries of the start-up checks.
    pub preflight_max_attempts: u32,
    /// Pause between these tries.
    pub preflight_idle: Duration,
    /// More errors than this within `max_errors_span` stop the service.
    pub max_errors: u32,
    /// See `max_errors`.
    pub max_errors_span: Duration,
    /// Full and incremental syncs at a time.
    pub max_concurrent_content_syncs: usize,
    /// Access control syncs at a time.
    pub max_concurrent_access_control_syncs: usize,
    /// Connectors whose schedule is looked at at a time.
    pub max_concurrent_scheduling_tasks: usize,
    /// Bytes; content of larger attachments is not downloaded.
    pub max_file_download_size: u64,
    /// Interval of the search for orphaned and idle jobs.
    pub job_cleanup_interval: Duration,
    /// A running job without a sign of life for this long goes to another worker. Our own key.
    pub idle_job_timeout: Duration,
    /// Least severe level that is logged.
    pub log_level: LogLevel,
    /// Form of a log line.
    pub log_format: LogFormat,
    /// A filter of tracing directives that takes the place of `log_level`, such as `info,elastic_client=debug`.
    pub log_filter: Option<String>,
    /// Address that serves metrics and health; nowhere when absent. Our own key.
    pub monitoring_address: Option<SocketAddr>,
    /// Serve every connector of `service_types`, whether listed under `connectors` or not.
    pub worker_mode: bool,
    /// Service types for `worker_mode`.
    pub service_types: Vec<String>,
}

pub(super) fn read(reader: &mut Reader) -> ServiceConfig {
    const SHORTEST: Duration = Duration::from_millis(100);
    let seconds = Duration::from_secs;
    let (log_level, log_format, log_filter) = logging::read(reader);
    let mut slots = |name: &str, default: u32| {
        let number = reader.count(&format!("service.max_concurrent_{name}"), default, 1..=1000);
        usize::try_from(number).expect("at most a thousand")
    };
    ServiceConfig {
        max_concurrent_content_syncs: slots("content_syncs", 1),
        max_concurrent_access_control_syncs: slots("access_control_syncs", 1),
        max_concurrent_scheduling_tasks: slots("scheduling_tasks", 4),
        idling: reader.duration("service.idling", seconds(30), SHORTEST),
        heartbeat: reader.duration("service.heartbeat", seconds(300), SHORTEST),
        preflight_max_attempts: reader.count("service.preflight_max_attempts", 10, 1..=100_000),
        preflight_idle: reader.duration("service.preflight_idle", seconds(30), SHORTEST),
        max_errors: reader.count("service.max_errors", 20, 0..=u32::MAX),
        max_errors_span: reader.duration("service.max_errors_span", seconds(600), SHORTEST),
        max_file_download_size: reader.size(
            "service.max_file_download_size",
            SizeUnit::Bytes,
            10 * 1024 * 1024,
            0..=4 * 1024 * 1024 * 1024,
        ),
        job_cleanup_interval: reader.duration("service.job_cleanup_interval", seconds(300), SHORTEST),
        idle_job_timeout: reader.duration("service.idle_job_timeout", seconds(300), seconds(1)),
        log_level,
        log_format,
        log_filter,
        monitoring_address: monitoring::read(reader),
        worker_mode: reader.boolean("service.worker_mode", false),
        service_types: reader.text_list("service.service_types"),
    }
}
