//! The definition of one field: what it holds, when it counts, what it must be.
//!
//! Reading and checking values is left to `filled`.

use serde_json::{Value, json};

/// The kind of value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Text.
    Str,
    /// A whole number, also as text.
    Int,
    /// Comma separated text.
    List,
    /// True or false.
    Bool,
}

/// One configuration field.
#[derive(Debug, Clone, Copy)]
pub struct FieldDefinition {
    /// Name in records.
    pub key: &'static str,
    /// Caption in Kibana, and the name in messages.
    pub label: &'static str,
    /// Kind of value.
    pub kind: FieldType,
    /// Form element in Kibana.
    pub display: &'static str,
    /// The value of a new connector, as JSON text.
    pub initial: &'static str,
    /// The meaning of an empty field that is not required, as JSON text.
    pub default: Option<&'static str>,
    /// Whether it must be filled when its dependencies are met.
    pub required: bool,
    /// Whether Kibana hides the value.
    pub sensitive: bool,
    /// Help text.
    pub tooltip: Option<&'static str>,
    /// Only asked for when all of these fields have these values (JSON text).
    pub depends_on: &'static [(&'static str, &'static str)],
    /// Not asked for when one of these fields has this value (JSON text). Unlike `depends_on` it is not part of records,
    /// whose other readers would not understand it.
    pub unless: &'static [(&'static str, &'static str)],
    /// Must be filled when its dependencies are met, although records say that it is not required: older ones lack it.
    pub needed: bool,
    /// Choices of a drop-down: label and value.
    pub options: &'static [(&'static str, &'static str)],
    /// Upper bound, exclusive.
    pub less_than: Option<i64>,
    /// Lower bound, exclusive.
    pub greater_than: Option<i64>,
    /// Whether Kibana folds it away.
    pub advanced: bool,
}

impl FieldDefinition {
    /// A required text.
    pub const TEXT: Self = Self {
        key: "",
        label: "",
        kind: FieldType::Str,
        display: "text",
        initial: "\"\"",
        default: None,
        required: true,
        sensitive: false,
        tooltip: None,
        depends_on: &[],
        unless: &[],
        needed: false,
        options: &[],
        less_than: None,
        greater_than: None,
        advanced: false,
    };

    /// A switch that is off.
    pub const TOGGLE: Self = Self {
        kind: FieldType::Bool,
        display: "toggle",
        initial: "false",
        ..Self::TEXT
    };

    /// The field as a record stores it, with every attribute written out: the server and
    /// the framework disagree about some defaults.
    pub fn to_json(&self, order: usize) -> Value {
        let literal = |text: &str| -> Value { serde_json::from_str(text).expect("literals of definitions are JSON") };
        let kind = match self.kind {
            FieldType::Str => "str",
            FieldType::Int => "int",
            FieldType::List => "list",
            FieldType::Bool => "bool",
        };
        let bounds = [("less_than", self.less_than), ("greater_than", self.greater_than)];
        json!({
            "default_value": self.default.map_or(Value::Null, literal),
            "depends_on": self.depends_on.iter()
                .map(|(field, value)| json!({"field": field, "value": literal(value)})).collect::<Vec<_>>(),
            "display": self.display,
            "label": self.label,
            "options": self.options.iter()
                .map(|(label, value)| json!({"label": label, "value": value})).collect::<Vec<_>>(),
            "order": order,
            "required": self.required,
            "sensitive": self.sensitive,
            "tooltip": self.tooltip,
            "type": kind,
            "ui_restrictions": if self.advanced { json!(["advanced"]) } else { json!([]) },
            "validations": bounds.iter()
                .filter_map(|(name, bound)| bound.map(|bound| json!({"type": name, "constraint": bound})))
                .collect::<Vec<_>>(),
            "value": literal(self.initial),
        })
    }
}
