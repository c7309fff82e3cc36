//! Makes an alert fit: the API refuses a text that is too long, and an alert must not be lost for its length.

use ring::digest::{SHA256, digest};
use serde_json::{Map, Value};

/// The most characters of each text.
const LIMITS: [(&str, usize); 6] = [
    ("message", 130),
    ("description", 15_000),
    ("entity", 512),
    ("source", 100),
    ("user", 100),
    ("note", 25_000),
];
/// Lists, with the most items and the most characters of each.
const LISTS: [(&str, usize, usize); 2] = [("tags", 20, 50), ("actions", 10, 50)];
const LONGEST_ALIAS: usize = 512;
/// Characters of all keys and values of `details`.
const MOST_DETAILS: usize = 8_000;

/// The same within the limits, with a warning for everything that was cut.
pub(super) fn fitted(mut alert: Map<String, Value>) -> (Map<String, Value>, Vec<String>) {
    let mut warnings = Vec::new();
    for (name, most) in LIMITS {
        if let Some(Value::String(text)) = alert.get_mut(name) {
            warnings.extend(cut(name, text, most));
        }
    }
    for (name, most_items, most) in LISTS {
        if let Some(Value::Array(items)) = alert.get_mut(name) {
            if items.len() > most_items {
                warnings.push(format!("{name} cut from {} to {most_items} items", items.len()));
                items.truncate(most_items);
            }
            for item in items {
                if let Value::String(text) = item {
                    warnings.extend(cut(name, text, most));
                }
            }
        }
    }
    if let Some(Value::Object(details)) = alert.remove("details") {
        let details = fitted_details(details, &mut warnings);
        alert.insert("details".to_owned(), Value::Object(details));
    }
    if let Some(Value::String(alias)) = alert.get_mut("alias") {
        *alias = fitted_alias(alias);
    }
    (alert, warnings)
}

/// An alias that is too long becomes a hash, the same one for opening and for closing; so does one that no path can hold,
/// because addresses leave out segments of dots even when they are encoded.
pub(super) fn fitted_alias(alias: &str) -> String {
    if alias.chars().count() <= LONGEST_ALIAS && !matches!(alias, "." | "..") {
        return alias.to_owned();
    }
    let hash = digest(&SHA256, alias.as_bytes());
    let hex: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha-{hex}")
}

fn cut(name: &str, text: &mut String, most: usize) -> Option<String> {
    let length = text.chars().count();
    if length <= most {
        return None;
    }
    let (end, _) = text.char_indices().nth(most - 1)?;
    text.truncate(end);
    text.push('…');
    Some(format!("{name} cut from {length} to {most} characters"))
}

/// Flat, all texts, and short enough: the longest values are cut first.
fn fitted_details(details: Map<String, Value>, warnings: &mut Vec<String>) -> Map<String, Value> {
    let mut flat: Vec<(String, String)> = Vec::new();
    let mut is_nested = false;
    for (name, value) in details {
        is_nested |= value.is_object();
        flatten(name, value, &mut flat);
    }
    if is_nested {
        warnings.push("details flattened: their keys are paths with dots".to_owned());
    }
    let size = |flat: &[(String, String)]| -> usize {
        flat.iter()
            .map(|(name, value)| name.chars().count() + value.chars().count())
            .sum()
    };
    let before = size(&flat);
    while size(&flat) > MOST_DETAILS {
        let over = size(&flat) - MOST_DETAILS;
        let longest = (0..flat.len()).max_by_key(|index| flat[*index].1.chars().count());
        let Some(longest) = longest.filter(|index| flat[*index].1.chars().count() > 1) else {
            // Names alone are too long.
            flat.pop();
            continue;
        };
        let value = &mut flat[longest].1;
        let kept = value.chars().count().saturating_sub(over + 1);
        *value = value.chars().take(kept).chain(['…']).collect();
    }
    if before > MOST_DETAILS {
        warnings.push(format!("details cut from {before} to {} characters", size(&flat)));
    }
    flat.into_iter()
        .map(|(name, value)| (name, Value::String(value)))
        .collect()
}

fn flatten(name: String, value: Value, flat: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                flatten(format!("{name}.{member}"), value, flat);
            }
        }
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(text).collect();
            flat.push((name, texts.join(", ")));
        }
        Value::Null => {}
        scalar => flat.push((name, text(&scalar))),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(value: Value) -> (Map<String, Value>, Vec<String>) {
        fitted(value.as_object().cloned().unwrap())
    }

    #[test]
    fn an_alert_is_not_lost_for_its_length() {
        let (alert, warnings) = of(json!({ "message": "ü".repeat(201), "tags": vec!["t"; 21] }));
        assert_eq!(alert["message"].as_str().unwrap().chars().count(), 130);
        assert_eq!(alert["tags"].as_array().unwrap().len(), 20);
        assert_eq!(
            warnings,
            ["message cut from 201 to 130 characters", "tags cut from 21 to 20 items"]
        );
    }

    #[test]
    fn nested_details_are_flattened() {
        let (alert, _) =
            of(json!({ "details": { "host": { "name": "a", "cpu": 0.5 }, "ports": [1, 2], "none": null } }));
        assert_eq!(
            alert["details"],
            json!({ "host.cpu": "0.5", "host.name": "a", "ports": "1, 2" })
        );
    }

    #[test]
    fn a_long_alias_is_the_same_for_opening_and_closing() {
        let (short, long) = ("a".repeat(512), "a".repeat(513));
        assert_eq!(fitted_alias(&short), short);
        assert!(fitted_alias(&long).starts_with("sha-") && fitted_alias(&long).len() == 68);
        assert!(fitted_alias("..").starts_with("sha-"));
        let (alert, _) = of(json!({ "alias": long }));
        assert_eq!(alert["alias"], fitted_alias(&"a".repeat(513)));
    }

    proptest! {
        #[test]
        fn whatever_is_sent_fits(
            texts in prop::collection::vec(".{0,20}", 6),
            details in prop::collection::btree_map(".{0,20}", (".{0,20}", 0usize..900), 0..6),
        ) {
            let long = details.into_iter().map(|(k, (v, times))| (k.repeat(times / 9), Value::String(v.repeat(times))));
            let mut alert: Map<String, Value> = long.collect();
            alert = Map::from_iter([("details".to_owned(), Value::Object(alert))]);
            alert.extend(LIMITS.iter().zip(texts).map(|((name, _), text)| ((*name).to_owned(), Value::String(text.repeat(1_500)))));
            let (fitted, _) = fitted(alert);
            for (name, most) in LIMITS {
                prop_assert!(fitted[name].as_str().unwrap().chars().count() <= most);
            }
            let details = fitted["details"].as_object().unwrap();
            let size: usize = details.iter().map(|(k, v)| k.chars().count() + v.as_str().unwrap().chars().count()).sum();
            prop_assert!(size <= MOST_DETAILS, "{size}");
        }
    }
}
