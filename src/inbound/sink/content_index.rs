//! The content index: made when it is missing, and mapped before anything is written. What an index has already, from its
//! template or its owner, wins; ours is added only where it is silent.
//!
//! `mapping` defines how we map; `source::documents` builds the documents.

use elastic_client::{ElasticClient, ElasticError};
use serde_json::{Map, Value, json};
use sync_engine::sync::document::ACCESS_FIELD;
use sync_engine::sync::encode::EXTRACTION_FIELD;
use thiserror::Error;
use tracing::warn;

use super::claimant::{Claimant, OwnerError};
use super::mapping::{self, date};
use super::new_fields::{ByTemplate, NewFields, text_by_template};

/// The fields that a sync itself searches by, whatever else the templates of an index say.
const NEEDED: &[&str] = &[ACCESS_FIELD, "jira_id", "issue_id", "_timestamp", EXTRACTION_FIELD];

/// One content index.
#[derive(Debug)]
pub struct ContentIndex<'a> {
    pub(super) client: &'a ElasticClient,
    pub(super) name: &'a str,
}

/// An index that documents can be written to.
#[derive(Debug, Default)]
pub struct Prepared {
    /// Maps fields that are still unknown; none in an index with other templates than ours.
    pub new_fields: Option<NewFields>,
    /// Settings that could not be made, for the job's record.
    pub notes: Vec<String>,
}

/// The reason why nothing can be written to an index.
#[derive(Debug, Error)]
pub enum PrepareError {
    /// A request failed.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    /// It is another connector's.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// Documents would be written to one of them and deleted in none of the others.
    #[error(
        "index_name {name} is an alias of {} indices ({}). Documents in the others would be found for ever and never \
         changed or deleted. Let the alias point to one index, or name an index",
        .indices.len(), .indices.join(", ")
    )]
    SeveralIndices {
        /// The alias.
        name: String,
        /// The indices behind it.
        indices: Vec<String>,
    },
    /// Documents could be written and never read back.
    #[error(
        "index_name {name} is an alias, and the connector's API key may not read the index {index} behind it: {reason}. \
         Scans of what is indexed need that; give the key the same privileges for {index}"
    )]
    AliasOnly {
        /// The alias.
        name: String,
        /// The index.
        index: String,
        /// Elasticsearch's words.
        reason: String,
    },
}

impl<'a> ContentIndex<'a> {
    /// The index (or alias) of this name.
    pub fn new(client: &'a ElasticClient, name: &'a str) -> Self {
        Self { client, name }
    }

    /// Makes the index when it is missing. Returns whether it did.
    pub async fn create_if_missing(&self) -> Result<bool, ElasticError> {
        let indices = self.client.indices();
        if indices.exists(self.name).await? {
            return Ok(false);
        }
        let created = indices
            .create(self.name, &json!({ "settings": mapping::settings() }))
            .await?;
        if created {
            let mappings = indices.get_mapping(self.name).await?;
            let ours = additions(&mappings, true, &[]);
            if !ours.is_empty() {
                indices.put_mapping(self.name, &Value::Object(ours)).await?;
            }
        }
        Ok(created)
    }

    /// Makes the index, or adds to an existing one what is missing: the claimant as its owner, the fixed fields and
    /// `dates` that it does not map yet, and room for fields beyond the limit instead of refused documents.
    pub async fn prepare(&self, dates: &[String], claimant: Claimant<'_>) -> Result<Prepared, PrepareError> {
        let indices = self.client.indices();
        let created = self.create_if_missing().await?;
        let mut all = indices.get_mappings(self.name).await?;
        let (index, mut mappings) = match (all.len(), all.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                let names = all.into_iter().chain(last).map(|(name, _)| name).collect();
                return Err(PrepareError::SeveralIndices {
                    name: self.name.to_owned(),
                    indices: names,
                });
            }
        };
        if index != self.name {
            self.read_through_alias(&index).await?;
        }
        let mut prepared = Prepared::default();
        prepared.notes.extend(self.claim(&index, &mappings, claimant).await?);
        let additions = additions(&mappings, created, dates);
        if !additions.is_empty() {
            match indices.put_mapping(self.name, &Value::Object(additions)).await {
                Ok(()) => mappings = indices.get_mapping(self.name).await?,
                Err(error) => prepared.optional("fields could not be mapped beforehand", error)?,
            }
        }
        if !created {
            let beyond = json!({ "index.mapping.total_fields.ignore_dynamic_beyond_limit": true });
            if let Err(error) = indices.put_settings(self.name, &beyond).await {
                let what = "index.mapping.total_fields.ignore_dynamic_beyond_limit could not be set, so documents with \
                            too many fields lose some";
                prepared.optional(what, error)?;
            }
        }
        let ours = mapping::templates();
        let as_ours = ours.iter().all(|(setting, value)| mappings[setting.as_str()] == *value);
        let takes_all = mappings["dynamic"].is_null() || mappings["dynamic"] == "true";
        prepared.new_fields = (as_ours && takes_all).then(|| NewFields::of(&mappings));
        Ok(prepared)
    }

    /// Tries a scan: it asks for what is behind the alias by its own name.
    async fn read_through_alias(&self, index: &str) -> Result<(), PrepareError> {
        let nothing = json!({ "match_none": {} });
        match self.client.scan(self.name, &[], Some(nothing)).next_page().await {
            Ok(_) => Ok(()),
            Err(ElasticError::Forbidden { reason, .. }) => Err(PrepareError::AliasOnly {
                name: self.name.to_owned(),
                index: index.to_owned(),
                reason,
            }),
            Err(error) => Err(error.into()),
        }
    }
}

impl Prepared {
    /// What a key may not do, or what the index cannot take, is done without. Anything else is an error.
    fn optional(&mut self, what: &str, error: ElasticError) -> Result<(), ElasticError> {
        match error {
            ElasticError::Forbidden { .. } | ElasticError::BadRequest { .. } => {
                warn!(error = %error, "{what}");
                self.notes.push(format!("{what}: {error}"));
                Ok(())
            }
            error => Err(error),
        }
    }
}

/// What an index with these `mappings` lacks. `new` tells that nobody but its template had a say yet.
fn additions(mappings: &Value, new: bool, dates: &[String]) -> Map<String, Value> {
    let mut additions = Map::new();
    let untouched = mappings["properties"].is_null() && mappings["dynamic_templates"].is_null();
    if new || untouched {
        let silent = mapping::templates()
            .into_iter()
            .filter(|(setting, _)| mappings[setting.as_str()].is_null());
        additions.extend(silent);
    }
    let of_another = !additions.contains_key("dynamic_templates")
        && mappings["dynamic_templates"] != mapping::templates()["dynamic_templates"];
    let mut properties = mapping::fixed_properties();
    // Templates of another give texts sub-fields and analyzers that ours do not have. Left to themselves, they would map a
    // title that looks like a date as a date, and the next title would be refused.
    if of_another {
        properties.retain(|name, mapping| {
            if NEEDED.contains(&name.as_str()) {
                return true;
            }
            match text_by_template(&mappings["dynamic_templates"], name) {
                ByTemplate::Mapped(theirs) => *mapping = theirs,
                ByTemplate::Silent => {}
                ByTemplate::Unclear => return false,
            }
            true
        });
    }
    properties.retain(|name, _| mappings["properties"][name.as_str()].is_null());
    if !of_another {
        let unknown = dates.iter().filter(|path| !is_mapped(mappings, path));
        properties.extend(unknown.map(|path| (path.clone(), date())));
    }
    if !properties.is_empty() {
        additions.insert("properties".into(), properties.into());
    }
    additions
}

/// Whether a field of this path, or one on the way to it, is mapped as something else than an object.
fn is_mapped(mappings: &Value, path: &str) -> bool {
    let mut parts = path.split('.').peekable();
    let mut mapped = mappings;
    while let Some(part) = parts.next() {
        mapped = &mapped["properties"][part];
        if mapped.is_null() {
            return false;
        }
        if parts.peek().is_some() && !mapped["properties"].is_object() {
            return true;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;

    use super::*;

    fn lacking(mappings: &Value, new: bool, dates: &[String]) -> Value {
        Value::Object(additions(mappings, new, dates))
    }

    #[test]
    fn only_what_an_index_lacks_is_added() {
        let mappings = json!({"properties": {"id": {"type": "text"}, "Key": {"type": "text"}}});
        let additions = lacking(&mappings, false, &[]);
        assert!(additions["properties"]["id"].is_null() && additions["properties"]["Key"].is_null());
        assert_eq!(additions["properties"]["jira_id"], json!({"type": "long"}));
        assert_eq!(
            additions["dynamic_templates"],
            Value::Null,
            "an index that is in use keeps its templates"
        );
    }

    #[test]
    fn fields_of_an_index_template_win_and_ours_come_where_it_is_silent() {
        let template =
            json!({"properties": {"Type": {"type": "keyword"}, "title": {"type": "text", "copy_to": "all"}}});
        let additions = lacking(&template, true, &["Custom_Fields.Go live".to_owned()]);
        assert_eq!(additions["properties"]["Type"], Value::Null);
        assert_eq!(additions["properties"]["title"], Value::Null);
        assert_eq!(additions["properties"]["Custom_Fields.Go live"]["type"], "date");
        assert_eq!(additions["date_detection"], false);
        assert!(additions["dynamic_templates"].is_array());
    }

    #[test]
    fn texts_are_mapped_as_the_templates_of_an_index_say() {
        let mappings = json!({"dynamic_templates": [{"all_text_fields": {
            "match_mapping_type": "string", "mapping": {"fields": {"enum": {"type": "keyword"}}},
        }}]});
        let additions = lacking(&mappings, true, &["Custom_Fields.Go live".to_owned()]);
        assert!(additions["properties"]["_allow_access_control"]["fields"].is_object());
        let theirs = json!({"type": "text", "fields": {"enum": {"type": "keyword"}}});
        assert_eq!(
            (&additions["properties"]["Type"], &additions["properties"]["title"]),
            (&theirs, &theirs)
        );
        assert_eq!(additions["properties"]["Custom_Fields.Go live"], Value::Null);
        assert_eq!(additions["dynamic_templates"], Value::Null);
    }

    #[test]
    fn dates_are_mapped_where_nothing_is_mapped_yet() {
        let mappings = json!({"properties": {"Custom_Fields": {"properties": {
            "Due": {"type": "text"}, "Release": {"type": "long"},
        }}}});
        assert!(is_mapped(&mappings, "Custom_Fields.Due"));
        assert!(
            is_mapped(&mappings, "Custom_Fields.Release.Date"),
            "it cannot be an object any more"
        );
        assert!(!is_mapped(&mappings, "Custom_Fields.Go live"));
        assert!(!is_mapped(&json!({}), "Custom_Fields.Due"));
    }
}
