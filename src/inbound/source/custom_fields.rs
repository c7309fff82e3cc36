//! Names of custom fields: from `customfield_10020` to the name that `Custom_Fields` shows.
//!
//! Names are not unique in Jira, and not every name can be a field name in Elasticsearch; both are settled here.

use std::collections::{BTreeMap, HashMap};

use jira_client::Field;

/// Field id to the name in documents.
#[derive(Debug, Default)]
pub struct CustomFieldNames {
    by_id: HashMap<String, String>,
}

impl CustomFieldNames {
    /// Of several fields with one name the lowest id keeps it; the others get `name (customfield_N)`.
    pub fn new(fields: &[Field]) -> Self {
        let mut by_name: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for field in fields.iter().filter(|field| field.custom) {
            by_name
                .entry(usable(&field.name, &field.id))
                .or_default()
                .push(&field.id);
        }
        let mut by_id = HashMap::new();
        for (name, mut ids) in by_name {
            ids.sort_by_key(|id| (number(id), id.to_owned()));
            for (position, id) in ids.into_iter().enumerate() {
                let name = if position == 0 {
                    name.clone()
                } else {
                    format!("{name} ({id})")
                };
                by_id.insert(id.to_owned(), name);
            }
        }
        Self { by_id }
    }

    /// The name of this field; none when it is no custom field that Jira lists.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(String::as_str)
    }
}

fn number(id: &str) -> u64 {
    id.rsplit('_')
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(u64::MAX)
}

/// Elasticsearch reads a dot as the start of a sub-field and refuses a document with an empty part between dots.
fn usable(name: &str, id: &str) -> String {
    let name = name.trim();
    if name.is_empty() {
        return id.to_owned();
    }
    if name.split('.').any(|part| part.trim().is_empty()) {
        name.replace('.', "_")
    } else {
        name.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn field(id: &str, name: &str, custom: bool) -> Field {
        Field {
            id: id.into(),
            name: name.into(),
            custom,
            schema: None,
        }
    }

    #[test]
    fn of_two_fields_with_one_name_the_lowest_id_keeps_it() {
        let names = CustomFieldNames::new(&[
            field("customfield_10101", "Team", true),
            field("customfield_9999", "Team", true),
            field("summary", "Summary", false),
        ]);
        assert_eq!(names.get("customfield_9999"), Some("Team"));
        assert_eq!(names.get("customfield_10101"), Some("Team (customfield_10101)"));
        assert_eq!(names.get("summary"), None);
    }

    #[test_case("Story Points", "Story Points")]
    #[test_case("Release.Date", "Release.Date"; "a dot makes a sub-field as in the framework")]
    #[test_case("Impact...", "Impact___"; "dots without a name between them are refused by Elasticsearch")]
    #[test_case(".hidden", "_hidden"; "a leading dot as well")]
    #[test_case("  ", "customfield_1"; "a blank name")]
    fn names_that_elasticsearch_takes(name: &str, expected: &str) {
        assert_eq!(
            CustomFieldNames::new(&[field("customfield_1", name, true)]).get("customfield_1"),
            Some(expected)
        );
    }
}
