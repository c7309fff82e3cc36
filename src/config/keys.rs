//! Every key that `config.yml` may hold, and which of them change nothing here.
//!
//! Defaults and ranges are not listed: they stand where each key is read. A test keeps both and the example in step.

use strsim::osa_distance;

/// One key of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInfo {
    /// Full dotted path; keys of an entry of `connectors` are written `connectors[].name`.
    pub path: &'static str,
    /// Whether setting it changes anything.
    pub used: KeyUse,
}

/// The effect of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUse {
    /// It is read.
    Used,
    /// It is known from Elastic's connector service and has no effect here, for the reason given.
    NoEffect(&'static str),
}

/// All known keys, in the order of the example file.
pub fn known_keys() -> &'static [KeyInfo] {
    KEYS
}

const fn used(path: &'static str) -> KeyInfo {
    KeyInfo {
        path,
        used: KeyUse::Used,
    }
}

const fn no_effect(path: &'static str, reason: &'static str) -> KeyInfo {
    KeyInfo {
        path,
        used: KeyUse::NoEffect(reason),
    }
}

const KEYS: &[KeyInfo] = &[
    used("connectors"),
    used("connectors[].connector_id"),
    used("connectors[].service_type"),
    used("connectors[].api_key"),
    used("connectors[].api_key_file"),
    used("connector_id"),
    used("service_type"),
    used("elasticsearch.host"),
    used("elasticsearch.api_key"),
    used("elasticsearch.api_key_file"),
    used("elasticsearch.username"),
    used("elasticsearch.password"),
    used("elasticsearch.password_file"),
    used("elasticsearch.ssl"),
    used("elasticsearch.verify_certs"),
    used("elasticsearch.ca_certs"),
    used("elasticsearch.headers"),
    used("elasticsearch.request_timeout"),
    used("elasticsearch.retry_on_timeout"),
    used("elasticsearch.max_retries"),
    used("elasticsearch.retry_interval"),
    used("elasticsearch.max_wait_duration"),
    used("elasticsearch.initial_backoff_duration"),
    used("elasticsearch.backoff_multiplier"),
    no_effect(
        "elasticsearch.log_level",
        "set service.log_filter, for example to \"info,elastic_client=debug\"",
    ),
    used("elasticsearch.feature_use_connectors_api"),
    used("elasticsearch.bulk.compress"),
    used("elasticsearch.bulk.chunk_size"),
    used("elasticsearch.bulk.chunk_max_mem_size"),
    used("elasticsearch.bulk.max_concurrency"),
    used("elasticsearch.bulk.queue_max_size"),
    used("elasticsearch.bulk.queue_max_mem_size"),
    used("elasticsearch.bulk.queue_refresh_timeout"),
    no_effect(
        "elasticsearch.bulk.queue_refresh_interval",
        "a full queue wakes the sync by itself, nothing polls it",
    ),
    no_effect(
        "elasticsearch.bulk.concurrent_downloads",
        "the connector's own field concurrent_downloads counts",
    ),
    used("elasticsearch.bulk.max_text_document_size"),
    no_effect(
        "elasticsearch.bulk.display_every",
        "progress is in the job's record; set service.log_level to DEBUG for more in the log",
    ),
    used("elasticsearch.bulk.enable_operations_logging"),
    used("elasticsearch.bulk.max_retries"),
    used("elasticsearch.bulk.retry_interval"),
    used("elasticsearch.bulk.error_monitor.enabled"),
    used("elasticsearch.bulk.error_monitor.max_total_errors"),
    used("elasticsearch.bulk.error_monitor.max_consecutive_errors"),
    used("elasticsearch.bulk.error_monitor.max_error_rate"),
    used("elasticsearch.bulk.error_monitor.error_window_size"),
    used("elasticsearch.bulk.error_monitor.error_queue_size"),
    used("service.worker_mode"),
    used("service.service_types"),
    used("service.idling"),
    used("service.heartbeat"),
    used("service.preflight_max_attempts"),
    used("service.preflight_idle"),
    used("service.max_errors"),
    used("service.max_errors_span"),
    used("service.max_concurrent_content_syncs"),
    used("service.max_concurrent_access_control_syncs"),
    used("service.max_concurrent_scheduling_tasks"),
    used("service.max_file_download_size"),
    used("service.job_cleanup_interval"),
    used("service.idle_job_timeout"),
    used("service.log_level"),
    used("service.log_format"),
    used("service.log_filter"),
    used("service.monitoring_address"),
    no_effect(
        "service.fips_mode",
        "there is no FIPS build of this program; if you depend on it, do not run it",
    ),
    used("jira.connect_timeout"),
    used("jira.read_timeout"),
    used("jira.request_timeout"),
    used("jira.retry_interval"),
    used("jira.max_retry_interval"),
    used("jira.max_wait"),
    used("jira.max_concurrent_requests"),
    used("jira.gateway_url"),
    used("jira.token_url"),
    used("extraction_service.host"),
    used("extraction_service.timeout"),
    used("extraction_service.use_file_pointers"),
    used("extraction_service.shared_volume_dir"),
    used("extraction_service.stream_chunk_size"),
    used("http.address"),
    used("http.tls.certificate"),
    used("http.tls.key"),
    used("http.allow_plain_http"),
    used("http.max_body"),
    used("http.request_timeout"),
    used("http.requests_per_second"),
    used("http.tokens"),
    used("actions.encryption_key"),
    used("actions.encryption_key_file"),
    used("actions.decryption_only_keys"),
    used("actions.allowed_hosts"),
    used("actions.enabled_action_types"),
    used("actions.preconfigured"),
    no_effect(
        "native_service_types",
        "connectors managed by Elastic are not run here; list yours under connectors",
    ),
    no_effect("sources", "this program has one data source, jira, built in"),
];

/// The role of a path in the shape of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A key that holds a value (a list or a map of free form included).
    Leaf(KeyUse),
    /// The name of a group of keys.
    Section,
    Unknown,
}

pub(super) fn shape_of(path: &str) -> Shape {
    if let Some(key) = KEYS.iter().find(|key| key.path == path) {
        return Shape::Leaf(key.used);
    }
    let is_section = KEYS
        .iter()
        .any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')));
    if is_section { Shape::Section } else { Shape::Unknown }
}

/// The known key that was most likely meant; keys without effect are never proposed.
///
/// Candidates are compared by their full path and, so that a key in the wrong section is recognised, by their last part.
pub(super) fn nearest(path: &str) -> Option<&'static str> {
    let last_part = |key: &str| key.rsplit('.').next().unwrap_or_default().to_owned();
    let given_last = last_part(path);
    KEYS.iter()
        .filter(|key| key.used == KeyUse::Used)
        .filter(|key| !key.path.contains("[]") || path.contains("[]"))
        .map(|key| {
            let distance = |left: &str, right: &str| osa_distance(&left.to_lowercase(), &right.to_lowercase());
            let whole = distance(path, key.path);
            let moved = distance(&given_last, &last_part(key.path)) + 1;
            // A short name resembles many others: allow one slip for every four letters.
            let allowance = |text: &str| 1 + text.chars().count() / 4;
            let fits = whole <= allowance(&given_last) || moved <= allowance(&given_last);
            (whole.min(moved), fits, key.path)
        })
        .filter(|(_, fits, _)| *fits)
        .min_by_key(|(distance, _, _)| *distance)
        .map(|(_, _, key)| key)
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::{Shape, nearest, shape_of};

    #[test_case("service.ideling", Some("service.idling"))]
    #[test_case("service.heartbaet", Some("service.heartbeat"))]
    #[test_case("elasticsearch.api-key", Some("elasticsearch.api_key"))]
    #[test_case("elasticsearch.hots", Some("elasticsearch.host"))]
    #[test_case("elasticsearch.Host", Some("elasticsearch.host"))]
    #[test_case("log_level", Some("service.log_level"); "a key outside its section")]
    #[test_case("elasticsearch.chunk_size", Some("elasticsearch.bulk.chunk_size"); "a key one level too high")]
    #[test_case("connectors[].conector_id", Some("connectors[].connector_id"))]
    #[test_case("kibana.host_of_the_dashboard", None)]
    #[test_case("x", None)]
    fn suggests(path: &str, expected: Option<&str>) {
        assert_eq!(nearest(path), expected);
    }

    #[test]
    fn knows_sections_from_keys() {
        assert_eq!(shape_of("elasticsearch.bulk"), Shape::Section);
        assert_eq!(shape_of("elastic"), Shape::Unknown);
        assert!(matches!(shape_of("elasticsearch.headers"), Shape::Leaf(_)));
    }
}
