//! `jira-connector check`: prints what was found; exit code 1 when something is missing.

use super::error::CommandError;
use super::output::Output;
use crate::config::Config;
use crate::operations::check;

pub(super) async fn check(config: &Config, output: &Output) -> Result<(), CommandError> {
    let findings = check::check(config).await;
    let lines: Vec<String> = findings
        .0
        .iter()
        .map(|finding| {
            let verdict = match (finding.ok, finding.warning) {
                (false, _) => "FAILED",
                (true, true) => "warn  ",
                (true, false) => "ok    ",
            };
            format!("{verdict} {}: {}", finding.subject, finding.text)
        })
        .collect();
    output.result(&findings, &lines.join("\n"));
    if findings.all_well() {
        Ok(())
    } else {
        Err(CommandError::Reported)
    }
}
