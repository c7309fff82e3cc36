//! Files that ship beside the program can be used as they are: the example of `config.yml`, the compose file.
//!
//! What the image does is for `docker/prove`.

use std::fs;
use std::path::Path;

use jira_connector::config::Config;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_example_configuration_loads() {
    let path = root().join("config.yml.example");
    let text = fs::read_to_string(&path).unwrap();
    let env = |name: &str| Some(format!("value-of-{name}")).filter(|_| name != "ELASTICSEARCH_HOST");
    let config = Config::from_text(&path, &text, &env).unwrap();
    assert_eq!(config.warnings, [] as [&str; 0]);
}

#[test]
fn words_of_commands_in_compose_are_strings() {
    let text = fs::read_to_string(root().join("docker/compose.yml")).unwrap();
    let compose: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
    for (name, service) in compose["services"].as_object().unwrap() {
        let lists = ["entrypoint", "command"].map(|key| service[key].as_array());
        for word in lists.into_iter().flatten().flatten() {
            assert!(word.is_string(), "{name}: quote {word}, compose refuses the whole file");
        }
    }
}
