//! A form: the fields that something is configured with, in the order in which people see them.

use serde_json::{Map, Value};

use super::field::FieldDefinition;

/// The fields of one kind of record.
#[derive(Debug, Clone, Copy)]
pub struct Form {
    /// All of them, in order.
    pub fields: &'static [FieldDefinition],
}

impl Form {
    /// The field of this name.
    pub fn find(&self, key: &str) -> Option<&'static FieldDefinition> {
        self.fields.iter().find(|field| field.key == key)
    }

    /// A new record: every field with what it starts with.
    pub fn blank(&self) -> Map<String, Value> {
        let fields = self.fields.iter().zip(1..);
        fields
            .map(|(field, order)| (field.key.to_owned(), field.to_json(order)))
            .collect()
    }
}
