//! `jira-connector-bench`. Everything is in the library, of which `jira-connector-ftest` uses parts too.

use std::process::ExitCode;

fn main() -> ExitCode {
    jira_connector_bench::command::main()
}
