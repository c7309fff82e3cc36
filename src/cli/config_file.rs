//! Writes the config.yml of a new connector: a whole new file, or an entry in one that exists.
//!
//! Files are read by `config`; here they are only written, and read back to see that they mean what they should.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use crate::config::{Config, ConnectorEntry};
use crate::operations::connectors::SERVICE_TYPE;

/// A complete config.yml for one connector. Text is quoted as JSON, which YAML contains.
pub(super) fn whole(config: &Config, id: &str, api_key: &str) -> String {
    let host = Value::from(config.elasticsearch.host.as_str().trim_end_matches('/'));
    let mut lines = vec![
        "elasticsearch:".to_owned(),
        format!("  host: {host}"),
        format!("  api_key: {}", Value::from(api_key)),
    ];
    if let Some(path) = &config.elasticsearch.ca_certs {
        lines.push(format!("  ca_certs: {}", Value::from(path.display().to_string())));
    }
    if !config.elasticsearch.verify_certs {
        lines.push("  verify_certs: false".to_owned());
    }
    lines.push("connectors:".to_owned());
    lines.extend(entry(id, api_key, "  "));
    lines.join("\n") + "\n"
}

fn entry(id: &str, api_key: &str, indent: &str) -> [String; 3] {
    let (id, api_key) = (Value::from(id), Value::from(api_key));
    [
        format!("{indent}- connector_id: {id}"),
        format!("{indent}  service_type: {SERVICE_TYPE}"),
        format!("{indent}  api_key: {api_key}"),
    ]
}

/// Writes a new file. It holds a key, so only its owner may read it.
pub(super) fn write_new(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("the connector was created, and {} could not be written", path.display()))
}

/// Adds an entry for a connector to a config.yml, leaving every line that stands there as it is. A file whose form makes
/// that uncertain is left alone, with an error that says so.
pub(super) fn add_connector(path: &Path, id: &str, api_key: &str) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let changed = with_entry(&text, id, api_key)?;
    let before = Config::load(path)?;
    // Beside the file, so that it can take its place in one step; tried out before it does.
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = Path::new(&draft);
    let replaced = replace(path, draft, &changed, &before);
    if replaced.is_err() {
        // It holds the key; when it was never made there is nothing to remove.
        drop(std::fs::remove_file(draft));
    }
    replaced
}

fn replace(path: &Path, draft: &Path, changed: &str, before: &Config) -> anyhow::Result<()> {
    write_new(draft, changed)?;
    let after = Config::load(draft)?;
    let ids = |config: &Config| -> Vec<String> {
        let ids = config
            .connectors
            .iter()
            .map(|entry: &ConnectorEntry| entry.connector_id.clone());
        ids.collect()
    };
    let (old, new) = (ids(before), ids(&after));
    let kept = old.iter().all(|id| new.contains(id)) && new.len() == old.len() + 1;
    let keys_kept = before.connectors.iter().all(|old| {
        let same = |new: &&ConnectorEntry| new.connector_id == old.connector_id;
        let exposed = |entry: &ConnectorEntry| entry.api_key.as_ref().map(|key| key.expose_secret().to_owned());
        after.connectors.iter().find(same).map(exposed) == Some(exposed(old))
    });
    if !kept || !keys_kept {
        bail!("{} has a form that entries cannot be added to safely", path.display());
    }
    let permissions = std::fs::metadata(path)
        .with_context(|| format!("cannot look at {}", path.display()))?
        .permissions();
    std::fs::set_permissions(draft, permissions)
        .and_then(|()| std::fs::rename(draft, path))
        .with_context(|| format!("cannot replace {}", path.display()))
}

/// The text with one more entry at the head of the list of connectors.
fn with_entry(text: &str, id: &str, api_key: &str) -> anyhow::Result<String> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let Some(position) = lines.iter().position(|line| line.starts_with("connectors:")) else {
        lines.push("connectors:".to_owned());
        lines.extend(entry(id, api_key, "  "));
        return Ok(lines.join("\n") + "\n");
    };
    let value = lines[position]["connectors:".len()..]
        .split('#')
        .next()
        .unwrap_or_default()
        .trim()
        .to_owned();
    match value.as_str() {
        "" => {}
        "[]" => "connectors:".clone_into(&mut lines[position]),
        _ => return Err(anyhow!("its connectors are written on one line; add the entry by hand")),
    }
    let first = lines[position + 1..]
        .iter()
        .find(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    let indent = match first {
        Some(line) if line.trim_start().starts_with('-') => " ".repeat(line.len() - line.trim_start().len()),
        _ => "  ".to_owned(),
    };
    let entry = entry(id, api_key, &indent);
    lines.splice(position + 1..position + 1, entry);
    Ok(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use test_case::test_case;

    use super::*;

    #[test_case("", &["new"]; "no connectors yet")]
    #[test_case("connectors: []  # none\n", &["new"]; "an empty list")]
    #[test_case("connectors:\n# mine\n  - connector_id: a\n    api_key: a2V5OnNlY3JldA==\n  - connector_id: b\n", &["new", "a", "b"]; "indented")]
    #[test_case("connectors:\n- connector_id: a\n\nservice:\n  idling: 5\n", &["new", "a"]; "not indented")]
    fn an_entry_is_added_and_the_rest_stays(text: &str, expected: &[&str]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yml");
        std::fs::write(&path, format!("elasticsearch.host: http://127.0.0.1:9200\n{text}")).unwrap();
        add_connector(&path, "new", "bmV3OnNlY3JldA==").unwrap();
        let after = std::fs::read_to_string(&path).unwrap();
        for line in text.lines().filter(|line| !line.contains("[]")) {
            assert!(after.lines().any(|kept| kept == line), "{line} is gone:\n{after}");
        }
        let config = Config::load(&path).unwrap();
        let ids: Vec<&str> = config
            .connectors
            .iter()
            .map(|entry| entry.connector_id.as_str())
            .collect();
        assert_eq!(ids, expected);
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "nothing else is left"
        );
    }

    #[test]
    fn a_file_in_another_form_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yml");
        let text = "connectors: [{connector_id: a}]\n";
        std::fs::write(&path, text).unwrap();
        let error = add_connector(&path, "new", "bmV3OnNlY3JldA==").unwrap_err();
        assert!(error.to_string().contains("by hand"), "{error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
}
