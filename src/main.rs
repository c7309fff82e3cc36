//! Start-up and exit codes. Everything else begins in `cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    jira_connector::cli::main()
}
