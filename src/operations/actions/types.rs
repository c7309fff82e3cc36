//! The kinds of connectors, as they are listed.

use serde::Serialize;
use serde_json::{Map, Value};

use super::installation::Actions;
use crate::operations::error::OperationError;
use crate::outbound::kinds::Registry;
use crate::outbound::shape::{Need, Shape};

/// A kind, in Kibana's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeView {
    /// `.jira`.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Whether the configuration allows it.
    pub is_enabled: bool,
    /// The licence that Kibana would ask for.
    pub minimum_license_required: &'static str,
    /// Where Kibana would offer it.
    pub supported_feature_ids: &'static [&'static str],
}

/// A kind with its forms, for people who fill them in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeForm {
    /// `.jira`.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Its settings.
    pub config: Vec<FieldView>,
    /// Its secrets.
    pub secrets: Vec<FieldView>,
    /// What it can do.
    pub sub_actions: Vec<SubActionView>,
}

/// A member of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldView {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be given.
    pub is_required: bool,
    /// One sentence.
    pub about: &'static str,
}

/// One thing that a kind can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SubActionView {
    /// `pushToService`.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
    /// Its parameters.
    pub params: Vec<FieldView>,
}

fn fields(shape: &Shape) -> Vec<FieldView> {
    let members = match shape {
        Shape::Object(members) => members.as_slice(),
        Shape::IfPresent { otherwise, .. } => return fields(otherwise),
        _ => &[],
    };
    let views = members.iter().map(|member| FieldView {
        name: member.name,
        is_required: member.need == Need::Required,
        about: member.about,
    });
    views.collect()
}

impl Actions {
    /// The forms of a kind.
    pub fn form(&self, id: &str) -> Result<TypeForm, OperationError> {
        let definition = self.kind(id)?.definition();
        let sub_actions = definition.sub_actions.iter().map(|sub_action| SubActionView {
            name: sub_action.name,
            about: sub_action.about,
            params: fields(&sub_action.params),
        });
        Ok(TypeForm {
            id: definition.id,
            name: definition.name,
            config: fields(&definition.config),
            secrets: fields(&definition.secrets),
            sub_actions: sub_actions.collect(),
        })
    }

    /// All kinds, or those that Kibana offers for a feature.
    pub fn types(&self, feature: Option<&str>) -> Vec<TypeView> {
        let definitions = self.kinds.all().map(|kind| kind.definition());
        definitions
            .filter(|definition| feature.is_none_or(|feature| definition.features.contains(&feature)))
            .map(|definition| TypeView {
                id: definition.id,
                name: definition.name,
                is_enabled: self.enabled.has(definition.id),
                minimum_license_required: definition.kibana_licence,
                supported_feature_ids: definition.features,
            })
            .collect()
    }
}

/// The JSON Schema of every form of every kind: `.jira.config`, `.jira.secrets`, `.jira.pushToService`.
pub fn kind_schemas() -> Map<String, Value> {
    let registry = Registry::default();
    let mut schemas = Map::new();
    for definition in registry.all().map(|kind| kind.definition()) {
        let id = definition.id;
        schemas.insert(format!("{id}.config"), definition.config.schema());
        schemas.insert(format!("{id}.secrets"), definition.secrets.schema());
        for sub_action in &definition.sub_actions {
            let mut schema = sub_action.params.schema();
            schema["description"] = sub_action.about.into();
            schemas.insert(format!("{id}.{}", sub_action.name), schema);
        }
    }
    schemas
}
