//! The kinds of connectors, as they are listed.

use serde::Serialize;

use super::installation::Actions;

/// A kind, in Kibana's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeView {
    /// `.jira`.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The licence that Kibana would ask for.
    pub minimum_license_required: &'static str,
    /// Where Kibana would offer it.
    pub supported_feature_ids: &'static [&'static str],
}

impl Actions {
    /// All kinds, or those that Kibana offers for a feature.
    pub fn types(&self, feature: Option<&str>) -> Vec<TypeView> {
        let definitions = self.kinds.all().map(|kind| kind.definition());
        definitions
            .filter(|definition| feature.is_none_or(|feature| definition.features.contains(&feature)))
            .map(|definition| TypeView {
                id: definition.id,
                name: definition.name,
                minimum_license_required: definition.kibana_licence,
                supported_feature_ids: definition.features,
            })
            .collect()
    }
}
