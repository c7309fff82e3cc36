//! What the programs refuse before they start anything. That they work is shown by running them: `make ftest`, `make bench`.

use std::process::{Command, Output};

fn ftest(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jira-connector-ftest"));
    let folder = std::env::temp_dir().join(format!("ftest-{}", std::process::id()));
    // Port 1 is nobody's: an Elasticsearch that is stopped by mistake is not a real one.
    command.args(["--es-port", "1", "--keep", "--folder", &folder.display().to_string()]);
    for name in ["NAME", "DATA_SIZE", "JIRA_CONFIG", "ES_PORT", "KEEP"] {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .output()
        .expect("the program of this package starts")
}

#[test]
fn a_data_source_that_there_is_not_is_wrong_usage() {
    let output = ftest(&["--name", "confluence"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("possible values: jira"));
}

#[test]
fn a_missing_file_of_values_ends_the_run_before_anything_starts() {
    let output = ftest(&["--jira-config", "no-such-file.yml"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("cannot read JIRA_CONFIG=no-such-file.yml"), "{said}");
    assert!(!said.contains("starting"), "{said}");
}
