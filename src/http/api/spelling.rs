//! The three generations of the API: the same things under other names.

use chrono::Utc;
use serde_json::{Map, Value, json};

use super::document::object;
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
            "enabled": view.is_enabled,
            self.word("enabled_in_config", "enabledInConfig"): view.is_enabled,
            self.word("enabled_in_license", "enabledInLicense"): true,
            self.word("minimum_license_required", "minimumLicenseRequired"): view.minimum_license_required,
            self.word("supported_feature_ids", "supportedFeatureIds"): view.supported_feature_ids,
            self.word("is_system_action_type", "isSystemActionType"): false,
            self.word("is_deprecated", "isDeprecated"): false,
            "source": "stack",
        })
    }

    /// The forms of the answers above.
    pub(super) fn schemas(self) -> [(&'static str, Value); 3] {
        let mut connector = object(&[
            ("id", "string"),
            ("name", "string"),
            (self.kind(), "string"),
            ("config", "object"),
        ]);
        for (current, legacy) in [
            ("is_missing_secrets", "isMissingSecrets"),
            ("is_preconfigured", "isPreconfigured"),
            ("is_deprecated", "isDeprecated"),
            ("is_system_action", "isSystemAction"),
        ] {
            connector["properties"][self.word(current, legacy)] = json!({ "type": "boolean" });
        }
        if self == Self::Current {
            connector["properties"]["is_connector_type_deprecated"] = json!({ "type": "boolean" });
        }
        connector["properties"][self.word("referenced_by_count", "referencedByCount")] = json!({ "type": "integer" });
        let mut kind = object(&[
            ("id", "string"),
            ("name", "string"),
            ("enabled", "boolean"),
            ("source", "string"),
        ]);
        for (current, legacy) in [
            ("enabled_in_config", "enabledInConfig"),
            ("enabled_in_license", "enabledInLicense"),
            ("is_system_action_type", "isSystemActionType"),
            ("is_deprecated", "isDeprecated"),
        ] {
            kind["properties"][self.word(current, legacy)] = json!({ "type": "boolean" });
        }
        let licence = self.word("minimum_license_required", "minimumLicenseRequired");
        kind["properties"][licence] = json!({ "type": "string" });
        kind["properties"][self.word("supported_feature_ids", "supportedFeatureIds")] =
            json!({ "type": "array", "items": { "type": "string" } });
        let id = self.word("connector_id", "actionId");
        let mut execution = object(&[(id, "string"), ("message", "string"), ("errorSource", "string")]);
        execution["properties"][self.word("service_message", "serviceMessage")] = json!({ "type": "string" });
        execution["properties"]["status"] = json!({ "type": "string", "enum": ["ok", "error"] });
        execution["properties"]["data"] =
            json!({ "description": "What the sub-action answers, warnings in `warnings`." });
        execution["properties"]["retry"] =
            json!({ "description": "Whether a repeat can help and is safe, or the instant from which on it can." });
        [("connector", connector), ("type", kind), ("execution", execution)]
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
