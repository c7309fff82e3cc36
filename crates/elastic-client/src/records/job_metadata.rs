//! `metadata` of a sync job: the one list of keys that we write and read there. What the counts mean is left to the
//! service.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

macro_rules! metadata {
    ($($(#[$meta:meta])* $key:ident: $kind:ty,)+) => {
        /// What stands in a job's `metadata`. A key that is absent, null or of the wrong type is `None`.
        ///
        /// Written as a partial update: Elasticsearch merges it into what is there, so keys that are `None` stay as
        /// they are, and so do keys of others. Lists and texts are replaced as a whole.
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct JobMetadata {
            $(
                $(#[$meta])*
                #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "lenient")]
                pub $key: Option<$kind>,
            )+
            /// Keys of other programs.
            #[serde(flatten)]
            pub other: Map<String, Value>,
        }
    };
}

metadata! {
    /// Mark of the claim that is in force.
    claimed_by: String,
    /// How often in a row the job lost its worker without having got on.
    recoveries: u64,
    /// Seconds of silence that cleanups have seen since `silent_since`.
    silent_seconds: u64,
    /// The job's `last_seen` that `silent_seconds` counts from.
    silent_since: String,
    /// How many documents an operator allowed this job to delete.
    allow_deletions: u64,
    /// The checkpoint from which the job can go on, as one text.
    progress: String,
    /// Whether what ended the job passes by itself, so that the next one goes on from its checkpoint.
    failure_passes: bool,
    /// Word for what the sync does at the moment.
    phase: String,
    /// Whether the number of listed issues is final.
    listing_ended: bool,
    /// Issues found so far.
    issues_listed: u64,
    /// Issues that are done.
    issues_processed: u64,
    /// Users found so far, in an access control sync.
    users_listed: u64,
    /// Users that are done, in an access control sync.
    users_processed: u64,
    /// Documents that Elasticsearch refused.
    rejected_documents: u64,
    /// Documents that nobody may see because it is not known who may.
    denied_documents: u64,
    /// Documents that the sync rules left out.
    documents_left_out_by_rules: u64,
    /// Fields that documents were indexed without, because the mapping refuses them.
    fields_left_out: u64,
    /// Items of the source that could not be read.
    skipped_items: u64,
    /// The first of them by name, with the reason.
    skipped: Vec<String>,
    /// Attachments whose content was fetched.
    attachments_downloaded: u64,
    /// Attachments that were not fetched again because nothing about them changed.
    attachments_unchanged: u64,
    /// Attachments indexed by name only.
    attachments_without_content: u64,
    /// Requests sent to Jira.
    jira_requests: u64,
    /// Documents written or deleted in each second of the run.
    documents_per_second: f64,
    /// Requests sent to Jira in each second of the run.
    jira_requests_per_second: f64,
}

impl JobMetadata {
    /// Reads what a record has.
    #[must_use]
    pub fn read(object: &Map<String, Value>) -> Self {
        serde_json::from_value(Value::Object(object.clone())).expect("every key is read leniently")
    }

    /// The partial update that writes the keys which are set.
    #[must_use]
    pub fn to_update(&self) -> Value {
        serde_json::to_value(self).expect("all keys are texts")
    }
}

/// One bad value must not cost the others.
fn lenient<'de, D: Deserializer<'de>, T: serde::de::DeserializeOwned>(reader: D) -> Result<Option<T>, D::Error> {
    let value = Value::deserialize(reader)?;
    Ok(serde_json::from_value(value).ok())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_bad_value_does_not_cost_the_others_and_foreign_keys_stay() {
        let stored = json!({ "recoveries": "many", "jira_requests": 7, "theirs": { "a": 1 }, "progress": null });
        let metadata = JobMetadata::read(stored.as_object().unwrap());
        assert_eq!((metadata.recoveries, metadata.jira_requests), (None, Some(7)));
        assert_eq!(
            metadata.to_update(),
            json!({ "jira_requests": 7, "theirs": { "a": 1 } })
        );
    }

    #[test]
    fn an_update_names_only_what_it_sets_so_that_nothing_else_is_erased() {
        let update = JobMetadata {
            recoveries: Some(2),
            ..JobMetadata::default()
        }
        .to_update();
        assert_eq!(update, json!({ "recoveries": 2 }));
    }
}
