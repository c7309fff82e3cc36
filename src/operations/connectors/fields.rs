//! The configuration form of a connector: which fields apply, which values it holds, what is wrong with them.

use std::fmt;

use serde_json::{Map, Value};

use crate::forms::FieldProblem;
use crate::inbound::source::field_definitions::FORM;
use crate::inbound::source::{InvalidSettings, JiraSettings};

pub use crate::forms::{FieldDefinition, FieldType};
pub use crate::inbound::source::field_definitions::SERVICE_TYPE;

/// Values of fields by their keys. Secrets may be among them.
#[derive(Clone, Default, PartialEq)]
pub struct FieldValues(Map<String, Value>);

impl FieldValues {
    /// Sets one value; the last one counts.
    pub fn set(&mut self, key: &str, value: Value) {
        self.0.insert(key.to_owned(), value);
    }

    /// Whether a field has a value.
    pub fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Whether no field has one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys and values.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl fmt::Debug for FieldValues {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// A connector's `configuration`, filled in step by step. Secrets may be in it.
#[derive(Clone)]
pub struct Form(Map<String, Value>);

impl fmt::Debug for Form {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Default for Form {
    /// The form of a new connector.
    fn default() -> Self {
        Self(FORM.blank())
    }
}

impl Form {
    /// The form of a new connector with values.
    pub fn of(values: &FieldValues) -> Self {
        let mut form = Self::default();
        form.fill(values);
        form
    }

    /// The form that a record holds.
    pub(super) fn of_record(configuration: Map<String, Value>) -> Self {
        Self(configuration)
    }

    /// Puts values in.
    pub fn fill(&mut self, values: &FieldValues) {
        for (key, value) in &values.0 {
            let field = self.0.entry(key.clone()).or_insert_with(|| Value::Object(Map::new()));
            field["value"] = value.clone();
        }
    }

    /// The value of a field as it stands.
    pub fn value(&self, key: &str) -> &Value {
        self.0.get(key).map_or(&Value::Null, |field| &field["value"])
    }

    /// Whether a field counts, given the values of those that it depends on.
    pub fn applies(&self, field: &FieldDefinition) -> bool {
        FORM.read(&self.0).applies(field)
    }

    /// Everything that is wrong or missing.
    pub fn problems(&self) -> Result<(), InvalidSettings> {
        JiraSettings::from_configuration(&self.0).map(drop)
    }

    /// In the form that the record has.
    pub(super) fn configuration(&self) -> &Map<String, Value> {
        &self.0
    }
}

/// Every field of a connector, in the order in which people see them.
pub fn all() -> &'static [FieldDefinition] {
    FORM.fields
}

/// The field of this name.
pub fn find(key: &str) -> Option<&'static FieldDefinition> {
    FORM.find(key)
}

/// In words, those of some problems that concern one of the values given.
pub(super) fn problems_of(problems: &[FieldProblem], given: &FieldValues) -> Vec<String> {
    let ours = problems.iter().filter(|problem| given.has(problem.key));
    ours.map(ToString::to_string).collect()
}

/// The fields of a connector as a new record has them.
pub fn default_configuration() -> Map<String, Value> {
    FORM.blank()
}
