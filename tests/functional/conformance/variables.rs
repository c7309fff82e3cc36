//! Values that one step takes from an answer and a later step uses.
//!
//! A text that is one variable and nothing else takes the value's type along. Where values come from is for `runner`.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

#[derive(Debug, Default, Clone)]
pub(super) struct Variables(BTreeMap<String, Value>);

impl Variables {
    pub(super) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// `name/0` is a member of the variable `name`.
    fn get(&self, name: &str) -> Result<&Value, String> {
        let unknown = || format!("the variable {name} was never captured");
        let (whole, path) = name.split_at(name.find('/').unwrap_or(name.len()));
        self.0
            .get(whole)
            .and_then(|value| value.pointer(path))
            .ok_or_else(unknown)
    }

    /// The text with all variables replaced.
    ///
    /// # Errors
    /// Names a variable that has no value.
    pub(super) fn text(&self, text: &str) -> Result<String, String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, behind) = after
                .split_once("}}")
                .ok_or_else(|| format!("no end of a variable in {text}"))?;
            expanded.push_str(before);
            match self.get(name)? {
                Value::String(value) => expanded.push_str(value),
                other => expanded.push_str(&other.to_string()),
            }
            rest = behind;
        }
        Ok(expanded + rest)
    }

    /// The value with all variables replaced, in names of members, too.
    ///
    /// # Errors
    /// As for [`Self::text`].
    pub(super) fn value(&self, value: &Value) -> Result<Value, String> {
        Ok(match value {
            Value::String(text) => {
                let name = text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
                match name.filter(|name| !name.contains('{')) {
                    Some(name) => self.get(name)?.clone(),
                    None => Value::String(self.text(text)?),
                }
            }
            Value::Array(entries) => Value::Array(entries.iter().map(|one| self.value(one)).collect::<Result<_, _>>()?),
            Value::Object(members) => {
                let expanded = members
                    .iter()
                    .map(|(name, one)| Ok((self.text(name)?, self.value(one)?)));
                Value::Object(expanded.collect::<Result<Map<_, _>, String>>()?)
            }
            plain => plain.clone(),
        })
    }
}
