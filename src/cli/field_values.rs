//! Values of configuration fields from the command line: KEY=VALUE, KEY=FILE, and files of many.
//!
//! Whether a value makes sense is decided by `source`, with all of them together.

use std::path::Path;

use serde_json::Value;

use super::connector_arguments::FieldValues;
use super::error::CommandError;
use crate::operations::connectors::{FieldType, FieldValues as Values, all, find};

/// The given values, in the order in which later ones win: the file of many, single values, single files.
/// `form` is how the command takes a single value.
pub(super) fn given(set: &[String], form: &str, values: &FieldValues) -> Result<Values, CommandError> {
    let mut given = Values::default();
    if let Some(path) = &values.from_file {
        given = from_file(path)?;
    }
    for setting in set {
        let (key, value) = split(setting, form)?;
        given.set(key, typed(key, value)?);
    }
    for setting in &values.set_file {
        let (key, path) = split(setting, "--set-file KEY=FILE")?;
        let value = std::fs::read_to_string(path)
            .map_err(|error| CommandError::Usage(format!("--set-file {key}: cannot read {path}: {error}")))?;
        given.set(key, typed(key, value.trim_end_matches(['\r', '\n']))?);
    }
    Ok(given)
}

fn split<'s>(setting: &'s str, form: &str) -> Result<(&'s str, &'s str), CommandError> {
    setting
        .split_once('=')
        .ok_or_else(|| CommandError::Usage(format!("\"{setting}\" has no =; write {form}")))
}

/// The value in the type that its field has. What does not fit stays text, for `source` to complain about.
pub(super) fn typed(key: &str, text: &str) -> Result<Value, CommandError> {
    let field = find(key).ok_or_else(|| unknown(key))?;
    Ok(match (field.kind, text) {
        (FieldType::Bool, "true") => true.into(),
        (FieldType::Bool, "false") => false.into(),
        (FieldType::Int, digits) => digits.parse::<i64>().map_or_else(|_| digits.into(), Value::from),
        (_, text) => text.into(),
    })
}

fn unknown(key: &str) -> CommandError {
    let known: Vec<&str> = all().iter().map(|field| field.key).collect();
    CommandError::Usage(format!(
        "there is no field \"{key}\"; the fields are {}",
        known.join(", ")
    ))
}

fn from_file(path: &Path) -> Result<Values, CommandError> {
    let wrong = |detail: String| CommandError::Usage(format!("--from-file {}: {detail}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("cannot be read: {error}")))?;
    // The parser's own messages quote lines of the file, and those hold secrets.
    let Ok(Value::Object(fields)) = serde_saphyr::from_str::<Value>(&text) else {
        return Err(wrong(
            "must hold a map of fields to their values, as JSON or YAML".into(),
        ));
    };
    let mut given = Values::default();
    for (key, value) in fields {
        let value = match value {
            // As in a connector's record, from where such files are sometimes copied.
            Value::Object(mut field) => field
                .remove("value")
                .ok_or_else(|| wrong(format!("{key} must be a value, or a map with \"value\"")))?,
            value => value,
        };
        let value = match value {
            Value::Null => "".into(),
            // Lists are comma separated texts: Elasticsearch stores an array and then cannot make jobs.
            Value::Array(items) => joined(&items).into(),
            Value::String(text) => typed(&key, &text)?,
            value => value,
        };
        if find(&key).is_none() {
            return Err(unknown(&key));
        }
        given.set(&key, value);
    }
    Ok(given)
}

fn joined(items: &[Value]) -> String {
    let texts: Vec<String> = items
        .iter()
        .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
        .collect();
    texts.join(",")
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use pretty_assertions::assert_eq;
    use serde_json::json;
    use test_case::test_case;

    use super::*;

    fn read(file: &str, set: &[&str]) -> Result<Values, CommandError> {
        let mut stored = tempfile::NamedTempFile::new().unwrap();
        stored.write_all(file.as_bytes()).unwrap();
        let values = FieldValues {
            from_file: Some(stored.path().to_owned()),
            set_file: Vec::new(),
        };
        let set: Vec<String> = set.iter().map(|text| (*text).to_owned()).collect();
        given(&set, "KEY=VALUE", &values)
    }

    #[test_case(r#"{"projects": ["A", "B"], "retry_count": "5", "ssl_enabled": true}"#; "json")]
    #[test_case("projects: [A, B]\nretry_count: 5\nssl_enabled: true\n"; "yaml")]
    fn a_file_of_many(file: &str) {
        let expected = json!({"projects": "A,B", "retry_count": 5, "ssl_enabled": true});
        assert_eq!(Value::Object(read(file, &[]).unwrap().as_map().clone()), expected);
    }

    #[test]
    fn a_single_value_beats_the_file() {
        let given = read(r#"{"projects": "A"}"#, &["projects=a=b"]).unwrap();
        assert_eq!(given.as_map()["projects"], "a=b");
    }

    #[test_case("{\"tokn\": \"hush\"}", &[], "there is no field \"tokn\""; "unknown in a file")]
    #[test_case("{}", &["tokn=hush"], "there is no field \"tokn\""; "unknown on the command line")]
    #[test_case("api_token: \"hush\n- a", &[], "must hold a map"; "no yaml")]
    fn what_is_wrong_is_said_without_values(file: &str, set: &[&str], expected: &str) {
        let error = read(file, set).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("hush"), "{error}");
    }
}
