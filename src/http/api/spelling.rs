//! The three generations of the API: the same things under other names.

use chrono::Utc;
use serde_json::{Map, Value, json};

use crate::operations::actions::{ActionView, Execution, ExecutionFault, Repetition, Source, TypeView};

/// A generation of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `/api/actions/connector`, words with underscores.
    Current,
    /// `/api/actions/action` and `/api/action`, words in camel case.
    Legacy,
}

impl Spelling {
    /// The name of the member that holds the kind.
    pub(super) fn kind(self) -> &'static str {
        self.word("connector_type_id", "actionTypeId")
    }

    fn word(self, current: &'static str, legacy: &'static str) -> &'static str {
        match self {
            Self::Current => current,
            Self::Legacy => legacy,
        }
    }

    pub(super) fn connector(self, view: &ActionView) -> Value {
        let mut shown = Map::new();
        shown.insert("id".to_owned(), json!(view.id));
        shown.insert("name".to_owned(), json!(view.name));
        shown.insert(self.kind().to_owned(), json!(view.kind));
        if let Some(config) = &view.config {
            shown.insert("config".to_owned(), json!(config));
        }
        if !view.is_preconfigured || view.is_missing_secrets {
            let name = self.word("is_missing_secrets", "isMissingSecrets");
            shown.insert(name.to_owned(), json!(view.is_missing_secrets));
        }
        let flags = [
            (self.word("is_preconfigured", "isPreconfigured"), view.is_preconfigured),
            (self.word("is_deprecated", "isDeprecated"), view.is_deprecated),
            (self.word("is_system_action", "isSystemAction"), false),
        ];
        shown.extend(flags.map(|(name, flag)| (name.to_owned(), json!(flag))));
        if self == Self::Current {
            shown.insert("is_connector_type_deprecated".to_owned(), json!(false));
        }
        Value::Object(shown)
    }

    /// One of a list: nothing of ours refers to connectors yet.
    pub(super) fn listed(self, view: &ActionView) -> Value {
        let mut shown = self.connector(view);
        shown[self.word("referenced_by_count", "referencedByCount")] = json!(0);
        shown
    }

    pub(super) fn kind_view(self, view: &TypeView) -> Value {
        json!({
            "id": view.id,
            "name": view.name,
            "enabled": true,
            self.word("enabled_in_config", "enabledInConfig"): true,
            self.word("enabled_in_license", "enabledInLicense"): true,
            self.word("minimum_license_required", "minimumLicenseRequired"): view.minimum_license_required,
            self.word("supported_feature_ids", "supportedFeatureIds"): view.supported_feature_ids,
            self.word("is_system_action_type", "isSystemActionType"): false,
            self.word("is_deprecated", "isDeprecated"): false,
            "source": "stack",
        })
    }

    pub(super) fn execution(self, connector: &str, execution: &Execution) -> Value {
        let id = self.word("connector_id", "actionId");
        match execution {
            Execution::Done(data) => json!({ id: connector, "status": "ok", "data": data }),
            Execution::Failed(failure) => {
                let mut shown = json!({
                    id: connector,
                    "status": "error",
                    "message": failure.message,
                    "retry": repetition(failure.repetition),
                    "errorSource": match failure.source {
                        Source::User => "user",
                        Source::Framework => "framework",
                    },
                });
                if let Some(text) = &failure.service_message {
                    shown[self.word("service_message", "serviceMessage")] = json!(text);
                }
                shown
            }
        }
    }
}

/// `true`, `false`, or the instant from which on it can help.
fn repetition(repetition: Repetition) -> Value {
    match repetition {
        Repetition::No => json!(false),
        Repetition::Yes => json!(true),
        Repetition::After(wait) => json!((Utc::now() + wait).to_rfc3339_opts(chrono::SecondsFormat::Millis, true)),
    }
}

/// The status for callers who look at nothing else: `X-Fail-Status: true`.
pub(super) fn fail_status(fault: ExecutionFault) -> u16 {
    match fault {
        ExecutionFault::Refused => 422,
        ExecutionFault::Throttled => 503,
        ExecutionFault::NotSent => 502,
        ExecutionFault::Unknown => 504,
    }
}
