//! `jira-connector-ftest`, for `make ftest`. Everything is in the library, of which `jira-connector-bench` uses parts too.

use std::process::ExitCode;

fn main() -> ExitCode {
    jira_connector_bench::ftest::main()
}
