//! Settings and secrets of a connector from the command line. Whether they make sense is left to its type.

use std::io::Read as _;
use std::path::Path;

use serde_json::{Map, Value};

use super::arguments::ActionSettings;
use crate::cli::error::CommandError;
use crate::cli::prompt::{Ask as _, Terminal};
use crate::config::environment;
use crate::operations::actions::FieldView;

/// The file, then single settings.
pub(super) fn config(given: &ActionSettings) -> Result<Map<String, Value>, CommandError> {
    let mut config = match &given.settings_file {
        Some(path) => from_file(path)?,
        None => Map::new(),
    };
    for setting in &given.set {
        let (name, value) = split(setting, "--set NAME=VALUE")?;
        // An address is no JSON, and a list or an object is no text that anybody means.
        let json = serde_json::from_str(value)
            .ok()
            .filter(|json: &Value| !json.is_string() && !json.is_number());
        config.insert(name.to_owned(), json.unwrap_or_else(|| value.into()));
    }
    Ok(config)
}

/// From files and the environment; on a terminal, those that are missing are asked for.
pub(super) fn secrets(given: &ActionSettings, known: &[FieldView]) -> Result<Map<String, Value>, CommandError> {
    let mut secrets = Map::new();
    for setting in &given.set_secret_file {
        let (name, path) = split(setting, "--set-secret-file NAME=FILE")?;
        let text = std::fs::read_to_string(path)
            .map_err(|error| CommandError::Usage(format!("--set-secret-file {name}: cannot read {path}: {error}")))?;
        secrets.insert(name.to_owned(), text.trim_end_matches(['\r', '\n']).into());
    }
    for setting in &given.set_secret_env {
        let (name, variable) = split(setting, "--set-secret-env NAME=VARIABLE")?;
        let value = environment::variable(variable)
            .ok_or_else(|| CommandError::Usage(format!("--set-secret-env {name}: {variable} is not set")))?;
        secrets.insert(name.to_owned(), value.into());
    }
    if secrets.is_empty()
        && let Some(terminal) = Terminal::find()
    {
        for field in known {
            let answer = terminal.secret(&format!("{} ({})", field.name, field.about))?;
            if !answer.is_empty() {
                secrets.insert(field.name.to_owned(), answer.into());
            }
        }
    }
    Ok(secrets)
}

fn split<'s>(setting: &'s str, form: &str) -> Result<(&'s str, &'s str), CommandError> {
    // What stands there may be a secret that somebody gave in the wrong way.
    setting
        .split_once('=')
        .ok_or_else(|| CommandError::Usage(format!("a value has no =; write {form}")))
}

fn from_file(path: &Path) -> Result<Map<String, Value>, CommandError> {
    let wrong = |detail: String| CommandError::Usage(format!("--settings-file {}: {detail}", path.display()));
    let text = if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(path)
    };
    let text = text.map_err(|error| wrong(format!("cannot be read: {error}")))?;
    match serde_saphyr::from_str::<Value>(&text) {
        Ok(Value::Object(settings)) => Ok(settings),
        _ => Err(wrong(
            "must hold a map of settings to their values, as JSON or YAML".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    #[test_case("apiUrl=https://a.b/?c=d", json!({ "apiUrl": "https://a.b/?c=d" }); "an address")]
    #[test_case("usesTableApi=false", json!({ "usesTableApi": false }); "a flag")]
    #[test_case("close={\"transition\": \"Done\"}", json!({ "close": { "transition": "Done" } }); "an object")]
    #[test_case("projectKey=2026", json!({ "projectKey": "2026" }); "digits are a text")]
    fn a_setting_is_text_unless_it_cannot_be(setting: &str, expected: Value) {
        let given = ActionSettings {
            settings_file: None,
            set: vec![setting.to_owned()],
            set_secret_file: Vec::new(),
            set_secret_env: Vec::new(),
        };
        assert_eq!(Value::Object(config(&given).unwrap()), expected);
    }
}
