//! A wrong config.yml or command line: exit code 2, and a message that says what, where and what to write instead.
//! Nothing here needs a server.

use test_case::test_case;

use crate::harness::run_program;

/// A secret that no message may repeat.
const SECRET: &str = "hunter2-opensesame";

/// `check` with this config.yml ends with exit code 2 and says these words.
#[test_case("", &["config.yml", "holds no settings", "config.yml.example"]; "an empty file")]
#[test_case("elasticsearch: [\n", &["config.yml", "YAML"]; "no yaml")]
#[test_case("just text\n", &["config.yml:1", "keys with values"]; "no map")]
#[test_case("a: 1\nservice:\n  idling: soon\n", &["config.yml:3", "service.idling", "soon"]; "a wrong duration")]
#[test_case("service.log_level: LOUD\n", &["config.yml:1", "service.log_level", "LOUD", "INFO"]; "a wrong word")]
#[test_case("elasticsearch.bulk.chunk_size: -5\n", &["config.yml:1", "elasticsearch.bulk.chunk_size"]; "a negative number")]
#[test_case("elasticsearch:\n  host: localhost:9200\n", &["config.yml:2", "elasticsearch.host", "http://"]; "a host without scheme")]
#[test_case("elasticsearch:\n  host: http://me:hunter2-opensesame@localhost\n", &["config.yml:2", "elasticsearch.host", "elasticsearch.password"]; "a password in the host")]
#[test_case("elasticsearch:\n  api_key: someid:hunter2-opensesame\n", &["config.yml:2", "elasticsearch.api_key", "encoded"]; "an api key that is not encoded")]
#[test_case("elasticsearch:\n  api_key: ${NO_SUCH_VARIABLE_ANYWHERE}\n", &["config.yml:2", "NO_SUCH_VARIABLE_ANYWHERE"]; "a variable that is not set")]
#[test_case("elasticsearch:\n  api_key_file: no-such-file\n", &["config.yml:2", "elasticsearch.api_key_file", "no-such-file"]; "a secret file that is missing")]
#[test_case("connectors:\n  - service_type: jira\n", &["config.yml:2", "connector_id"]; "a connector without id")]
#[test_case("connectors:\n  - connector_id: a\n  - connector_id: a\n", &["config.yml:3", "a"]; "a connector twice")]
#[tokio::test]
async fn a_wrong_config_file_is_explained(config: &str, says: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("config.yml"), config).unwrap();
    for command in [&["check"] as &[&str], &["run"], &["sync", "now"]] {
        let output = run_program(folder.path(), command).await.exits_with(2);
        output.complains_of(says);
        assert!(!output.text().contains(SECRET), "{output}");
        assert!(output.stdout.is_empty(), "{output}");
    }
}

#[tokio::test]
async fn a_missing_config_file_is_explained() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_program(folder.path(), &["check"]).await.exits_with(2);
    output.complains_of(&["config.yml", "no such file", "config.yml.example", "-c"]);
    let output = run_program(folder.path(), &["-c", "elsewhere/my.yml", "run"])
        .await
        .exits_with(2);
    output.complains_of(&["elsewhere/my.yml", "no such file"]);
}

#[test_case(&["run"], &["names no connector", "connector create"]; "the service")]
#[test_case(&["sync", "now"], &["names no connector"]; "a sync")]
#[test_case(&["sync", "start"], &["names no connector"]; "a request for a sync")]
#[test_case(&["connector", "show"], &["names no connector"]; "a connector")]
#[tokio::test]
async fn a_command_that_needs_a_connector_says_so(command: &[&str], says: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("config.yml"),
        "elasticsearch.host: http://127.0.0.1:1\n",
    )
    .unwrap();
    run_program(folder.path(), command)
        .await
        .exits_with(2)
        .complains_of(says);
}

#[tokio::test]
async fn one_of_several_connectors_has_to_be_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = "connectors: [{connector_id: first}, {connector_id: second}]\n";
    std::fs::write(folder.path().join("config.yml"), config).unwrap();
    let output = run_program(folder.path(), &["sync", "now"]).await.exits_with(2);
    output.complains_of(&["several connectors", "first", "second"]);
}

#[test_case(&[]; "nothing")]
#[test_case(&["sink"]; "no such command")]
#[test_case(&["sync", "now", "--allow-deletions", "many"]; "a word for a number")]
#[test_case(&["sync", "start", "--type", "partial"]; "no such type")]
#[test_case(&["check", "--output", "xml"]; "no such format")]
#[test_case(&["connector", "delete"]; "nothing to delete")]
#[tokio::test]
async fn a_wrong_command_line_is_exit_code_2(arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let output = run_program(folder.path(), arguments).await.exits_with(2);
    assert!(
        output.stderr.contains("--help") || output.stderr.contains("Usage"),
        "{output}"
    );
}

/// A misspelt key would otherwise pass for a setting that is in force.
#[tokio::test]
async fn a_key_that_nobody_reads_is_pointed_out() {
    let folder = tempfile::tempdir().unwrap();
    let config = "elasticsearch.host: http://127.0.0.1:1\nelasticsearch.max_wait_duration: 0\nservice.idlnig: 5\n\
                  connectors: [{connector_id: one}]\n";
    std::fs::write(folder.path().join("config.yml"), config).unwrap();
    for command in [&["run"] as &[&str], &["check"], &["connector", "list"]] {
        let output = run_program(folder.path(), command).await.exits_with(1);
        assert!(output.text().contains("service.idlnig"), "{output}");
        assert!(output.text().contains("config.yml:3"), "{output}");
    }
}
