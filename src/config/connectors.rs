//! The `connectors` list: which connector records this service works for.
//!
//! The deprecated single form at the top level becomes an entry too. Whether a record exists is not looked up here.

use secrecy::SecretString;

use super::elasticsearch::check_api_key;
use super::located::Node;
use super::reader::Reader;

/// The placeholder of copied examples where an id belongs.
const PLACEHOLDER: &str = "changeme";

/// One connector to work for.
#[derive(Debug, Clone)]
pub struct ConnectorEntry {
    /// Id of its record in `.elastic-connectors`.
    pub connector_id: String,
    /// Its service type when given; anything but `jira` belongs to another service.
    pub service_type: Option<String>,
    /// Signs in writes to its index; the global credentials do when absent.
    pub api_key: Option<SecretString>,
}

pub(super) fn read(reader: &mut Reader) -> Vec<ConnectorEntry> {
    let mut entries = Vec::new();
    for prefix in read_list(reader) {
        if let Some(entry) = read_entry(reader, &prefix) {
            add(reader, &mut entries, entry);
        }
    }
    read_single_form(reader, &mut entries);
    entries.into_iter().map(|(_, _, entry)| entry).collect()
}

/// An entry with its line and its path.
type Placed = (u64, String, ConnectorEntry);

fn read_list(reader: &mut Reader) -> Vec<String> {
    const KEY: &str = "connectors";
    let Some(value) = reader.take(KEY) else {
        return Vec::new();
    };
    let Node::List(items) = value.node else {
        reader.problem(
            value.line,
            KEY,
            "must be a list, each entry beginning with `- connector_id: ...`",
        );
        return Vec::new();
    };
    let mut prefixes = Vec::new();
    for (position, item) in items.into_iter().enumerate() {
        let prefix = format!("{KEY}[{position}]");
        let (line, is_map) = (item.line, matches!(item.node, Node::Map(_)));
        reader.add_entry(&prefix, "connectors[]", item);
        if is_map && !reader.has_value(&format!("{prefix}.connector_id")) {
            reader.problem(line, &prefix, "has no connector_id; `connector list` shows the ids");
        }
        if is_map {
            prefixes.push(prefix);
        }
    }
    prefixes
}

fn read_entry(reader: &mut Reader, prefix: &str) -> Option<Placed> {
    let id_key = format!("{prefix}.connector_id");
    let key_key = format!("{prefix}.api_key");
    let api_key = reader.secret(&key_key);
    if let Some((line, key)) = &api_key {
        check_api_key(reader, &key_key, *line, key);
    }
    let service_type = read_service_type(reader, &format!("{prefix}.service_type"));
    let (line, connector_id) = read_id(reader, &id_key)?;
    let entry = ConnectorEntry {
        connector_id,
        service_type,
        api_key: api_key.map(|(_, key)| key),
    };
    Some((line, id_key, entry))
}

fn read_id(reader: &mut Reader, key: &str) -> Option<(u64, String)> {
    let (line, id) = reader.text(key)?;
    if id == PLACEHOLDER {
        reader.problem(
            line,
            key,
            "is still the placeholder of the example; `connector list` shows the ids",
        );
        return None;
    }
    Some((line, id))
}

fn read_service_type(reader: &mut Reader, key: &str) -> Option<String> {
    let (line, service_type) = reader.text(key)?;
    if service_type != "jira" {
        reader.warn(
            line,
            format!("{key} is {service_type}; only jira is served here, the connector is left alone"),
        );
    }
    Some(service_type)
}

fn read_single_form(reader: &mut Reader, entries: &mut Vec<Placed>) {
    const KEY: &str = "connector_id";
    let service_type = read_service_type(reader, "service_type");
    let Some((line, connector_id)) = read_id(reader, KEY) else {
        return;
    };
    reader.warn(
        line,
        "connector_id at the top level is deprecated; move it into the list `connectors`",
    );
    let entry = ConnectorEntry {
        connector_id,
        service_type,
        api_key: None,
    };
    add(reader, entries, (line, KEY.to_owned(), entry));
}

fn add(reader: &mut Reader, entries: &mut Vec<Placed>, new: Placed) {
    if let Some((first, _, _)) = entries
        .iter()
        .find(|(_, _, entry)| entry.connector_id == new.2.connector_id)
    {
        let detail = format!("names the connector of line {first} again; keep one of them");
        reader.problem(new.0, &new.1, detail);
        return;
    }
    entries.push(new);
}
