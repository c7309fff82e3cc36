//! Sync rules as they stand in a connector record or a job. Validating and applying them is left to the sync rules.

use serde_json::Value;

use crate::records::field_reader::FieldReader;
use crate::records::words::ValidationState;

/// One entry of a connector's `filtering`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filtering {
    /// `DEFAULT` in practice.
    pub domain: Option<String>,
    /// The rules in force.
    pub active: FilteringRules,
    /// The rules being edited.
    pub draft: FilteringRules,
}

/// `active` or `draft` of a connector, or `connector.filtering` of a job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FilteringRules {
    /// `advanced_snippet.value` as it is; `{}` and `[]` both mean that there is none, see [`Self::has_advanced`].
    pub advanced_snippet: Option<Value>,
    /// `rules` as they are: checking their members is part of validating them.
    pub rules: Vec<Value>,
    /// `validation.state`.
    pub validation_state: Option<ValidationState>,
    /// `validation.errors` as they are.
    pub validation_errors: Vec<Value>,
}

impl FilteringRules {
    /// The advanced snippet, when there is something in it.
    #[must_use]
    pub fn has_advanced(&self) -> Option<&Value> {
        self.advanced_snippet.as_ref().filter(|value| match value {
            Value::Object(members) => !members.is_empty(),
            Value::Array(items) => !items.is_empty(),
            _ => true,
        })
    }

    pub(crate) fn read(mut reader: FieldReader<'_>) -> Self {
        let advanced_snippet = reader
            .nested("advanced_snippet")
            .and_then(|snippet| snippet.any("value").cloned());
        let rules = reader.array("rules").cloned().unwrap_or_default();
        let (mut validation_state, mut validation_errors) = (None, Vec::new());
        if let Some(mut validation) = reader.nested("validation") {
            validation_state = validation.word("state");
            validation_errors = validation.array("errors").cloned().unwrap_or_default();
        }
        Self {
            advanced_snippet,
            rules,
            validation_state,
            validation_errors,
        }
    }
}

impl Filtering {
    pub(crate) fn read(mut reader: FieldReader<'_>) -> Self {
        Self {
            domain: reader.text("domain"),
            active: reader.nested("active").map(FilteringRules::read).unwrap_or_default(),
            draft: reader.nested("draft").map(FilteringRules::read).unwrap_or_default(),
        }
    }
}
