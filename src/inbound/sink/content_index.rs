//! The content index: made when it is missing, and its fixed fields mapped before anything is written.
//!
//! Search requests of users rely on these names; documents themselves are built in `source::documents`.

use elastic_client::{ElasticClient, ElasticError};
use serde_json::{Map, Value, json};

use super::mapping::{definition, fixed_properties};
use super::new_fields::NewFields;

/// One content index.
#[derive(Debug)]
pub struct ContentIndex<'a> {
    client: &'a ElasticClient,
    name: &'a str,
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
        indices.create(self.name, &definition()).await
    }

    /// Makes the index, or adds to an existing one what is missing: the fixed fields that it does not map yet, and room
    /// for fields beyond the limit instead of refused documents. Existing mappings stay as they are.
    ///
    /// Returns how fields that are still unknown are mapped; none in an index with other templates than ours.
    pub async fn prepare(&self) -> Result<Option<NewFields>, ElasticError> {
        let ours = &definition()["mappings"];
        if self.create_if_missing().await? {
            return Ok(Some(NewFields::of(ours)));
        }
        let indices = self.client.indices();
        let mappings = indices.get_mapping(self.name).await?;
        let missing = missing_properties(&mappings);
        if !missing.is_empty() {
            indices
                .put_mapping(self.name, &json!({ "properties": missing }))
                .await?;
        }
        indices
            .put_settings(
                self.name,
                &json!({ "index.mapping.total_fields.ignore_dynamic_beyond_limit": true }),
            )
            .await?;
        let same = |setting: &str| mappings[setting] == ours[setting];
        Ok((same("dynamic_templates") && same("date_detection") && same("dynamic")).then(|| NewFields::of(&mappings)))
    }
}

/// The fixed fields that an index with these `mappings` does not map yet.
fn missing_properties(mappings: &Value) -> Map<String, Value> {
    let mut missing = fixed_properties();
    missing.retain(|name, _| mappings["properties"][name.as_str()].is_null());
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_an_index_lacks_is_added() {
        let mapping = json!({"properties": {"id": {"type": "text"}, "Key": {"type": "text"}}});
        let missing = missing_properties(&mapping);
        assert!(!missing.contains_key("id") && !missing.contains_key("Key"));
        assert_eq!(missing["jira_id"], json!({"type": "long"}));
    }
}
