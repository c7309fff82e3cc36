//! The scenarios, from the plain to the nasty.

mod access;
mod access_in_jira;
mod advanced_rules;
mod claims;
mod content;
mod deletion;
mod deletion_guard;
mod dialects;
mod documents;
mod elasticsearch_faults;
mod extras;
mod file_content;
mod full_sync;
mod incremental;
mod incremental_time;
mod item_failures;
mod listing_failures;
mod replicas;
mod resume;
mod rules_command;
mod schedules;
mod service_limits;
mod states;
mod sync_rules;
mod throughput;
mod worker_mode;
