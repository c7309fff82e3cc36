//! Whole files through [`Config::from_text`]: what is accepted, and what a user reads when something is not.
//!
//! The parsing of single values is tested beside it, in `values`, `substitution` and `keys`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use pretty_assertions::assert_eq;
use secrecy::ExposeSecret;
use test_case::test_case;

use super::{Config, ConfigError, ElasticCredentials, KeyUse, LogFormat, LogLevel, known_keys};

const EXAMPLE: &str = include_str!("../../config.yml.example");

fn env(name: &str) -> Option<String> {
    let value = match name {
        "HOST" => "http://es.example:9200",
        "SECRET" => "s3cret-value",
        "WORD" => "word-from-outside",
        "SECONDS" => "45",
        "ELASTICSEARCH_API_KEY" => "ZW5jb2RlZA==",
        "CONNECTOR_ID" => "demo",
        _ => return None,
    };
    Some(value.to_owned())
}

fn load(text: &str) -> Result<Config, ConfigError> {
    Config::from_text(Path::new("config.yml"), text, &env)
}

fn message(text: &str) -> String {
    load(text).expect_err("the file should be refused").to_string()
}

#[test]
fn keys_that_the_file_lacks_come_from_variables_of_their_name() {
    let variables = |name: &str| match name {
        "elasticsearch.host" => Some("http://from-docker:9200".to_owned()),
        "elasticsearch.password" => Some("s3cret-value".to_owned()),
        "service.idling" => Some("never, s3cret-value".to_owned()),
        _ => None,
    };
    let load = |text: &str| Config::assemble(Path::new("config.yml"), text, &env, &variables);
    let config = load("service:\n  idling: 7\nelasticsearch:\n  username: $WORD\n").unwrap();
    assert_eq!(config.elasticsearch.host.as_str(), "http://from-docker:9200/");
    assert_eq!(config.service.idling, Duration::from_secs(7), "the file counts");
    let ElasticCredentials::Basic { username, password } = &config.elasticsearch.credentials else {
        panic!("a name and a password");
    };
    assert_eq!(
        (username.as_str(), password.expose_secret()),
        ("word-from-outside", "s3cret-value")
    );
    let complaint = load("elasticsearch.username: me\n").unwrap_err().to_string();
    assert!(
        complaint.contains("service.idling") && !complaint.contains("s3cret"),
        "{complaint}"
    );
}

#[test]
fn defaults_are_those_of_the_connector_service() {
    let config = load("elasticsearch.host: http://localhost:9200").unwrap();
    let seconds = Duration::from_secs;
    let elasticsearch = &config.elasticsearch;
    assert!(
        matches!(&elasticsearch.credentials, ElasticCredentials::Basic { username, password }
        if username == "elastic" && password.expose_secret() == "changeme")
    );
    assert_eq!(elasticsearch.request_timeout, seconds(240));
    assert_eq!(
        (elasticsearch.max_retries, elasticsearch.retry_interval),
        (5, seconds(10))
    );
    assert!(elasticsearch.verify_certs && elasticsearch.use_connectors_api && elasticsearch.compress.is_none());
    assert_eq!(
        (elasticsearch.bulk.chunk_size, elasticsearch.bulk.chunk_max_mem_bytes),
        (500, 3 * 1024 * 1024)
    );
    assert_eq!(elasticsearch.bulk.error_monitor.max_total_errors, 1000);
    assert_eq!(
        (config.service.idling, config.service.heartbeat),
        (seconds(30), seconds(300))
    );
    assert_eq!(config.service.max_file_download_size, 10_485_760);
    assert_eq!(
        (config.service.log_level, config.service.log_format),
        (LogLevel::Info, LogFormat::Text)
    );
    assert!(config.connectors.is_empty() && config.extraction_service.is_none() && config.warnings.is_empty());
}

#[test]
fn nested_and_dotted_keys_mean_the_same() {
    let nested = load("elasticsearch:\n  bulk:\n    chunk_size: 20\nservice: {idling: 5}").unwrap();
    let dotted = load("elasticsearch.bulk.chunk_size: 20\nservice.idling: 5").unwrap();
    let mixed = load("elasticsearch:\n  bulk.chunk_size: 20\n\"service.idling\": '5'").unwrap();
    for config in [nested, dotted, mixed] {
        assert_eq!(config.elasticsearch.bulk.chunk_size, 20);
        assert_eq!(config.service.idling, Duration::from_secs(5));
    }
}

#[test]
fn values_take_units_and_quotes() {
    let config = load(
        "elasticsearch:\n  verify_certs: 'no'\n  request_timeout: 2m\n  bulk.max_text_document_size: 0\n\
         service:\n  max_file_download_size: 1MiB\n  log_level: warning\n  log_format: ecs_json\n  \
         idling: ${SECONDS}\nelasticsearch.retry_on_timeout: \"false\"\n",
    )
    .unwrap();
    assert!(!config.elasticsearch.verify_certs && !config.elasticsearch.retry_on_timeout);
    assert_eq!(config.elasticsearch.request_timeout, Duration::from_secs(120));
    assert_eq!(config.elasticsearch.bulk.max_text_document_bytes, None);
    assert_eq!(config.service.max_file_download_size, 1_048_576);
    assert_eq!(config.service.log_level, LogLevel::Warn);
    assert_eq!(config.service.log_format, LogFormat::EcsJson);
    assert_eq!(config.service.idling, Duration::from_secs(45));
}

#[test_case("0123", "0123"; "leading zero")]
#[test_case("1e5", "1e5"; "looks like a float")]
#[test_case("true", "true"; "looks like a switch")]
#[test_case("12_34", "12_34"; "looks like a number with underscores")]
#[test_case("'a#b: c'", "a#b: c"; "quoted")]
#[test_case("${SECRET}", "s3cret-value"; "from the environment")]
#[test_case("$${SECRET}", "${SECRET}"; "escaped")]
fn passwords_arrive_as_written(written: &str, expected: &str) {
    let config = load(&format!(
        "elasticsearch.username: me\nelasticsearch.password: {written}"
    ))
    .unwrap();
    let ElasticCredentials::Basic { username, password } = config.elasticsearch.credentials else {
        panic!("a user name and a password should sign in");
    };
    assert_eq!((username.as_str(), password.expose_secret()), ("me", expected));
}

#[test]
fn secrets_come_from_files_without_their_trailing_newline() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, "ZW5j==\n").unwrap();
    let text = format!(
        "elasticsearch.api_key_file: {0}\nconnectors:\n- connector_id: a\n  api_key_file: {0}",
        file.display()
    );
    let config = load(&text).unwrap();
    let ElasticCredentials::ApiKey(key) = &config.elasticsearch.credentials else {
        panic!("the key should sign in")
    };
    assert_eq!(key.expose_secret(), "ZW5j==");
    assert_eq!(config.connectors[0].api_key.as_ref().unwrap().expose_secret(), "ZW5j==");

    let both = message(&format!(
        "elasticsearch:\n  api_key: abc\n  api_key_file: {}",
        file.display()
    ));
    assert_eq!(
        both,
        "config.yml:3: elasticsearch.api_key_file: is given together with elasticsearch.api_key; keep one of them"
    );
    let missing = message("elasticsearch.password_file: /no/such/file");
    assert!(
        missing.contains("elasticsearch.password_file: /no/such/file cannot be read"),
        "{missing}"
    );
    fs::write(&file, "\n").unwrap();
    let empty = message(&format!("elasticsearch.password_file: {}", file.display()));
    assert!(empty.ends_with("is empty"), "{empty}");
}

#[test]
fn debug_output_shows_no_secret() {
    let config = load(
        "elasticsearch:\n  password: ${SECRET}\n  headers: {Authorization: s3cret-value}\n\
         connectors: [{connector_id: a, api_key: s3cret-value}]",
    )
    .unwrap();
    let shown = format!("{config:?}");
    assert!(!shown.contains("s3cret-value"), "{shown}");
    assert!(shown.contains("Authorization"), "{shown}");
}

#[test_case("", "config.yml: holds no settings; config.yml.example shows what belongs in it"; "empty")]
#[test_case("# only\n\n  # comments\n---\n", "config.yml: holds no settings; config.yml.example shows what belongs in it"; "comments only")]
#[test_case("- a\n- b", "config.yml:1: must hold keys with values, such as `elasticsearch.host: http://localhost:9200`"; "a list")]
#[test_case("just words", "config.yml:1: must hold keys with values, such as `elasticsearch.host: http://localhost:9200`"; "a text")]
#[test_case("elasticsearch: http://localhost:9200", "config.yml:1: elasticsearch: must be a map of keys, not a single value or a list"; "value for a section")]
#[test_case("service:\n- idling: 5", "config.yml:1: service: must be a map of keys, not a single value or a list"; "list for a section")]
#[test_case("service:\n  idling: {a: 1}", "config.yml:2: service.idling: must be a single value, not a map or a list"; "map for a value")]
#[test_case("connectors: {connector_id: a}", "config.yml:1: connectors: must be a list, each entry beginning with `- connector_id: ...`"; "map for the list")]
#[test_case("connectors: [abc]", "config.yml:1: connectors[0]: must be a map of keys, not a single value or a list"; "words in the list")]
#[test_case("connectors:\n- service_type: jira", "config.yml:2: connectors[0]: has no connector_id; `connector list` shows the ids"; "entry without id")]
#[test_case("connectors:\n- connector_id: changeme", "config.yml:2: connectors[0].connector_id: is still the placeholder of the example; `connector list` shows the ids"; "placeholder")]
#[test_case("connectors:\n- connector_id: a\n- connector_id: a", "config.yml:3: connectors[1].connector_id: names the connector of line 2 again; keep one of them"; "same connector twice")]
#[test_case("elasticsearch.host: http://a\nelasticsearch:\n  host: http://b", "config.yml:3: elasticsearch.host: is given twice: as `elasticsearch.host` on line 1 and as `host` under `elasticsearch` on line 3; keep one of them"; "both spellings")]
#[test_case("service.idling: soon", "config.yml:1: service.idling: `soon` is not allowed; expected a number of seconds from 0.1 to 31536000, or one with a unit such as 30s, 5m or 1h"; "not a duration")]
#[test_case("service.idling: 0", "config.yml:1: service.idling: `0` is not allowed; expected a number of seconds from 0.1 to 31536000, or one with a unit such as 30s, 5m or 1h"; "no pause at all")]
#[test_case("service.idling: ${WORD}", "config.yml:1: service.idling: `${WORD}`, with the environment's value put in, is not allowed; expected a number of seconds from 0.1 to 31536000, or one with a unit such as 30s, 5m or 1h"; "not a duration, from outside")]
#[test_case("elasticsearch.max_retries: -1", "config.yml:1: elasticsearch.max_retries: `-1` is not allowed; expected a whole number from 0 to 1000"; "negative count")]
#[test_case("elasticsearch.bulk.error_monitor.max_error_rate: 15", "config.yml:1: elasticsearch.bulk.error_monitor.max_error_rate: `15` is not allowed; expected a number from 0 to 1"; "percent for a share")]
#[test_case("elasticsearch.bulk.chunk_max_mem_size: 5 GB", "config.yml:1: elasticsearch.bulk.chunk_max_mem_size: `5 GB` is not allowed; expected a number of MiB, or one with a unit such as 10MiB, from 1024 bytes to 95 MiB"; "size out of range")]
#[test_case("elasticsearch.verify_certs: maybe", "config.yml:1: elasticsearch.verify_certs: `maybe` is not allowed; expected true or false"; "not a switch")]
#[test_case("service.log_level: loud", "config.yml:1: service.log_level: `loud` is not allowed; expected one of TRACE, DEBUG, INFO, WARNING, WARN, ERROR, CRITICAL, FATAL"; "not a level")]
#[test_case("elasticsearch.host: localhost:9200", "config.yml:1: elasticsearch.host: `localhost:9200` is not allowed: it has to begin with http:// or https://; expected a URL such as http://localhost:9200"; "host without scheme")]
#[test_case("elasticsearch.api_key: id:key", "config.yml:1: elasticsearch.api_key: holds the form id:key; use the key's encoded form (`encoded` in the answer)"; "unencoded key")]
#[test_case("a: 1\nelasticsearch.host: ${NOT_SET}", "config.yml:2: elasticsearch.host: refers to the environment variable NOT_SET, which is not set; set it, or write ${NOT_SET:-default}"; "variable not set")]
fn refuses(text: &str, expected: &str) {
    assert_eq!(message(text), expected);
}

#[test]
fn every_problem_is_shown_at_once() {
    let text = message("service:\n  idling: x\n  heartbeat: y\nelasticsearch:\n  max_retries: z\n");
    let lines: Vec<&str> = text
        .lines()
        .map(|line| line.split(": `").next().unwrap_or(line))
        .collect();
    assert_eq!(
        lines,
        [
            "config.yml:2: service.idling",
            "config.yml:3: service.heartbeat",
            "config.yml:5: elasticsearch.max_retries"
        ]
    );
}

#[test_case("elasticsearch.host: https://elastic:s3cret-value@es:9200"; "in the host")]
#[test_case("elasticsearch.host: elastic:s3cret-value@es"; "in a broken host")]
#[test_case("elasticsearch.host: https://es:9200?token=s3cret-value"; "in the query")]
#[test_case("elasticsearch.password: [s3cret-value]"; "in a list")]
#[test_case("elasticsearch.password: s3cret-value\nelasticsearch.password: s3cret-value"; "given twice")]
#[test_case("elasticsearch.password: \"s3cret-value"; "unclosed quote")]
#[test_case("elasticsearch.password: ${s3cret-value}"; "not a variable name")]
#[test_case("elasticsearch.api_key: 's3cret-value '\n"; "blank in a key")]
#[test_case("elasticsearch:\n  password: s3cret-value\n host: x"; "broken indentation nearby")]
#[test_case("service.idling: ${SECRET}"; "in the wrong variable")]
fn refusals_show_no_secret(text: &str) {
    let shown = message(text);
    assert!(!shown.contains("s3cret-value"), "{shown}");
    assert!(shown.starts_with("config.yml:"), "{shown}");
}

#[test]
fn the_cure_for_credentials_in_the_host_is_named() {
    let shown = message("elasticsearch.host: https://elastic:pw@es:9200");
    assert!(
        shown.contains("set elasticsearch.username and elasticsearch.password"),
        "{shown}"
    );
}

#[test]
fn broken_yaml_names_the_line() {
    let tab = message("service:\n\tidling: 30\n");
    assert!(
        tab.starts_with("config.yml:2: not valid YAML") && tab.contains("only spaces"),
        "{tab}"
    );
    let twice = message("service.idling: 1\nservice.idling: 2\n");
    assert!(
        twice.starts_with("config.yml:2:") && twice.contains("service.idling"),
        "{twice}"
    );
    let documents = message("service.idling: 1\n---\nservice.idling: 2\n");
    assert!(documents.starts_with("config.yml"), "{documents}");
}

#[test]
fn files_that_cannot_be_read_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.yml");
    let missing = Config::load(&file).unwrap_err();
    assert!(matches!(&missing, ConfigError::Missing { .. }), "{missing}");
    assert!(missing.to_string().contains("config.yml.example"), "{missing}");
    assert!(matches!(
        Config::load(folder.path()).unwrap_err(),
        ConfigError::Unreadable { .. }
    ));
    fs::write(&file, b"\xff\xfea\0:\0").unwrap();
    assert!(
        Config::load(&file)
            .unwrap_err()
            .to_string()
            .ends_with("is UTF-16 text; save it as UTF-8")
    );
    fs::write(&file, b"a: b\nc: \xe9\n").unwrap();
    let latin = Config::load(&file).unwrap_err().to_string();
    assert!(
        latin.ends_with("is not UTF-8 text (line 2); save it as UTF-8"),
        "{latin}"
    );
    fs::write(&file, "\u{feff}service.idling: 7\r\nservice.heartbeat: 8\r\n").unwrap();
    let with_mark = Config::load(&file).unwrap();
    assert_eq!(with_mark.service.idling, Duration::from_secs(7));
}

#[test]
fn odd_and_harmless_things_warn_with_their_place() {
    let config = load(
        "elasticsearch:\n  hots: x\n  bulk:\n    display_every: 3\nservice:\n  fips_mode: true\nsources:\n  jira: x\n\
         kibana_dashboards:\n  a: 1\nconnectors:\n- connector_id: a\n  conector_name: x\n- connector_id: b\n  service_type: github\n\
         connector_id: c\n",
    )
    .unwrap();
    assert_eq!(
        config
            .connectors
            .iter()
            .map(|entry| entry.connector_id.as_str())
            .collect::<Vec<_>>(),
        ["a", "b", "c"]
    );
    let expected = [
        "config.yml:2: elasticsearch.hots is not a known key and is ignored; did you mean elasticsearch.host?",
        "config.yml:4: elasticsearch.bulk.display_every has no effect: progress is in the job's record; set service.log_level to DEBUG for more in the log",
        "config.yml:6: service.fips_mode has no effect: there is no FIPS build of this program; if you depend on it, do not run it",
        "config.yml:7: sources has no effect: this program has one data source, jira, built in",
        "config.yml:9: kibana_dashboards is not a known key and is ignored",
        "config.yml:13: connectors[0].conector_name is not a known key and is ignored",
        "config.yml:15: connectors[1].service_type is github; only jira is served here, the connector is left alone",
        "config.yml:16: connector_id at the top level is deprecated; move it into the list `connectors`",
    ];
    assert_eq!(config.warnings, expected);
}

#[test]
fn headers_may_be_nested_dotted_or_both() {
    let config = load("elasticsearch.headers.X-A: 1\nelasticsearch:\n  headers:\n    X-B: two\n").unwrap();
    let headers = [("X-A".to_owned(), "1".to_owned()), ("X-B".to_owned(), "two".to_owned())];
    assert_eq!(config.elasticsearch.headers, headers);
    let twice = message("elasticsearch:\n  headers.X-A: 1\n  headers: {x-a: 2}");
    assert_eq!(
        twice,
        "config.yml:3: elasticsearch.headers.x-a: is given twice; keep one of them"
    );
}

#[test]
fn anchors_and_merges_work() {
    let config = load("x: &key abc\nconnectors:\n- {connector_id: a, api_key: *key}\n").unwrap();
    assert_eq!(config.connectors[0].api_key.as_ref().unwrap().expose_secret(), "abc");
}

#[test]
fn the_example_loads_as_it_is() {
    let config = load(EXAMPLE).unwrap();
    assert_eq!(config.warnings, [] as [&str; 0]);
    assert_eq!(config.connectors[0].connector_id, "demo");
}

#[test]
fn the_example_shows_every_key_with_its_default() {
    let uncommented = uncommented_example();
    let shown = keys_of(&uncommented);
    let known: BTreeSet<String> = known_keys().iter().map(|key| key.path.to_owned()).collect();
    assert_eq!(shown, known);

    let mut config = load(&uncommented).unwrap();
    let ineffective = known_keys()
        .iter()
        .filter(|key| matches!(key.used, KeyUse::NoEffect(_)))
        .count();
    assert_eq!(
        config
            .warnings
            .iter()
            .filter(|warning| warning.contains("has no effect"))
            .count(),
        ineffective
    );
    let mut defaults = load(EXAMPLE).unwrap();
    for config in [&mut config, &mut defaults] {
        config.warnings.clear();
        config.connectors[0].service_type = None;
    }
    assert_eq!(format!("{config:#?}"), format!("{defaults:#?}"));
}

/// The example with the lines taken in that show defaults: those where no blank follows the `#`.
fn uncommented_example() -> String {
    EXAMPLE
        .lines()
        .map(|line| {
            let indentation = line.len() - line.trim_start().len();
            match line.trim_start().strip_prefix('#') {
                Some(rest) if !rest.is_empty() && !rest.starts_with(' ') => format!("{}{rest}", &line[..indentation]),
                _ => line.to_owned(),
            }
        })
        .fold(String::new(), |text, line| text + &line + "\n")
}

fn keys_of(yaml: &str) -> BTreeSet<String> {
    fn collect(prefix: &str, value: &serde_json::Value, keys: &mut BTreeSet<String>) {
        let is_known = known_keys().iter().any(|key| key.path == prefix);
        match value {
            serde_json::Value::Array(items) if prefix == "connectors" => {
                keys.insert(prefix.to_owned());
                items.iter().for_each(|item| collect("connectors[]", item, keys));
            }
            serde_json::Value::Object(entries) if !is_known => {
                for (name, value) in entries {
                    let path = if prefix.is_empty() {
                        name.clone()
                    } else {
                        format!("{prefix}.{name}")
                    };
                    collect(&path, value, keys);
                }
            }
            _ => {
                keys.insert(prefix.to_owned());
            }
        }
    }
    let mut keys = BTreeSet::new();
    collect("", &serde_saphyr::from_str(yaml).unwrap(), &mut keys);
    keys
}

/// config.yml.example is mostly comments, and people keep them.
#[test]
fn a_file_may_hold_any_number_of_comments() {
    let comments = "  # one more line about a key that is left as it is\n".repeat(500);
    let text = format!("service:\n{comments}elasticsearch:\n{comments}  max_retries: 2\n{comments}");
    let config = Config::from_text(Path::new("config.yml"), &text, &|_| None).unwrap();
    assert_eq!(config.elasticsearch.max_retries, 2);
}
