//! Names of custom fields: from `customfield_10020` to the name that `Custom_Fields` shows.
//!
//! Names are not unique in Jira, and not every name can be a field name in Elasticsearch; both are settled here.

use std::collections::{BTreeMap, HashMap, HashSet};

use jira_client::Field;
use serde_json::{Map, Value};

/// Longer names of fields are no names, and Elasticsearch refuses those of more than 32,766 bytes.
pub(super) const LONGEST_NAME: usize = 1_024;

/// Field id to the name in documents.
#[derive(Debug, Default)]
pub struct CustomFieldNames {
    by_id: HashMap<String, String>,
    /// Names that several fields have, with those fields, the lowest id first.
    shared: BTreeMap<String, Vec<String>>,
    dates: Vec<String>,
}

impl CustomFieldNames {
    /// Of several fields with one name the lowest id keeps it; the others get `name (customfield_N)`.
    pub fn new(fields: &[Field]) -> Self {
        let mut by_name: BTreeMap<String, Vec<&Field>> = BTreeMap::new();
        for field in fields.iter().filter(|field| field.custom) {
            let name = usable_name(field.name.trim()).unwrap_or_else(|| field.id.clone());
            by_name.entry(name).or_default().push(field);
        }
        let mut names = Self::default();
        let mut taken = HashSet::new();
        // In this order a name comes before those that go on after a dot.
        for (name, mut fields) in by_name {
            fields.sort_by_key(|field| (number(&field.id), field.id.clone()));
            let plain = apart(&name, &taken);
            for (position, field) in fields.iter().enumerate() {
                let own = match position {
                    0 => plain.clone(),
                    _ => apart(&format!("{plain} ({})", field.id), &taken),
                };
                // Two fields never write to one name, whatever people call them.
                let own = if taken.contains(&own) {
                    format!("{own} [{}]", field.id)
                } else {
                    own
                };
                taken.insert(own.clone());
                if is_date(field) {
                    names.dates.push(own.clone());
                }
                names.by_id.insert(field.id.clone(), own);
            }
            if fields.len() > 1 {
                let ids = fields.into_iter().map(|field| field.id.clone()).collect();
                names.shared.insert(plain, ids);
            }
        }
        names
    }

    /// The name of this field; none when it is no custom field that Jira lists.
    pub fn get(&self, id: &str) -> Option<&str> {
        self.by_id.get(id).map(String::as_str)
    }

    /// The names of fields that hold a date, with or without a time.
    pub fn dates(&self) -> &[String] {
        &self.dates
    }

    /// Gives a name that several fields share to the first of them that has a value in this issue. It keeps it under its
    /// own name, too.
    pub fn share(&self, values: &mut Map<String, Value>) {
        for (name, ids) in &self.shared {
            if values.get(name).is_some_and(|value| !value.is_null()) {
                continue;
            }
            let others = ids.iter().skip(1).filter_map(|id| values.get(self.get(id)?));
            if let Some(value) = others.into_iter().find(|value| !value.is_null()).cloned() {
                values.insert(name.clone(), value);
            }
        }
    }
}

/// A name that Elasticsearch takes: a dot begins a sub-field, and none may be without a name. None for a blank name.
pub(super) fn usable_name(name: &str) -> Option<String> {
    if name.trim().is_empty() || name.len() > LONGEST_NAME {
        return None;
    }
    let blank_part = name.split('.').any(|part| part.trim().is_empty());
    Some(if blank_part {
        name.replace('.', "_")
    } else {
        name.to_owned()
    })
}

fn is_date(field: &Field) -> bool {
    let schema = field.schema.as_ref();
    schema.is_some_and(|schema| matches!(schema.r#type.as_str(), "date" | "datetime"))
}

fn number(id: &str) -> u64 {
    id.rsplit('_')
        .next()
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(u64::MAX)
}

/// The name, without dots when what stands before one of them is the name of another field: it could not be both a value
/// and an object to Elasticsearch.
fn apart(name: &str, taken: &HashSet<String>) -> String {
    let below = name.match_indices('.').any(|(dot, _)| taken.contains(&name[..dot]));
    if below { name.replace('.', "_") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use jira_client::FieldSchema;
    use serde_json::json;
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

    #[test]
    fn the_plain_name_holds_the_value_that_exists() {
        let fields = ["customfield_1", "customfield_2", "customfield_3"].map(|id| field(id, "Team", true));
        let names = CustomFieldNames::new(&fields);
        let mut values = Map::from_iter([
            ("Team".to_owned(), Value::Null),
            ("Team (customfield_2)".to_owned(), Value::Null),
            ("Team (customfield_3)".to_owned(), json!("Blue")),
        ]);
        names.share(&mut values);
        assert_eq!(
            (&values["Team"], &values["Team (customfield_3)"]),
            (&json!("Blue"), &json!("Blue"))
        );
        values.insert("Team".into(), json!("Red"));
        names.share(&mut values);
        assert_eq!(values["Team"], "Red");
    }

    #[test]
    fn a_field_below_the_name_of_another_keeps_a_name_of_its_own() {
        let names = CustomFieldNames::new(&[
            field("customfield_1", "Release.Date", true),
            field("customfield_2", "Release", true),
            field("customfield_3", "Release_Date", true),
            field("customfield_4", "Release-2", true),
            field("customfield_5", "Release.Date.Zone", true),
        ]);
        assert_eq!(names.get("customfield_1"), Some("Release_Date"));
        assert_eq!(names.get("customfield_2"), Some("Release"));
        assert_eq!(names.get("customfield_3"), Some("Release_Date [customfield_3]"));
        assert_eq!(names.get("customfield_5"), Some("Release_Date_Zone"));
    }

    #[test]
    fn fields_of_dates_are_told_by_their_schema() {
        let typed = |id: &str, name: &str, r#type: &str| Field {
            schema: Some(FieldSchema {
                r#type: r#type.to_owned(),
                items: None,
                custom: None,
                system: None,
            }),
            ..field(id, name, true)
        };
        let names = CustomFieldNames::new(&[
            typed("customfield_1", "Go live", "date"),
            typed("customfield_2", "Start", "datetime"),
            typed("customfield_3", "Text", "string"),
        ]);
        assert_eq!(names.dates(), ["Go live", "Start"]);
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
