//! Sync jobs: creating, finding, and the conditional updates that carry them from state to state. Which update is right
//! in which state is left to the service.

use chrono::{DateTime, Utc};
use http_kit::Repeat;
use serde_json::{Value, json};

use crate::api_by_index;
use crate::connector_indices::{self, Refresh, Updated, Versioned};
use crate::error::ElasticError;
use crate::index_names::SYNC_JOBS_ALIAS;
use crate::records::{JobStatus, JobType, SyncJobRecord, TriggerMethod};
use crate::request::Request;
use crate::transport::Transport;

/// Access to sync jobs.
pub struct SyncJobs {
    transport: Transport,
}

/// Selects jobs to list. `None` does not restrict; an empty list matches nothing.
#[derive(Clone, Debug)]
pub struct JobFilter {
    /// Jobs of these connectors.
    pub connector_ids: Option<Vec<String>>,
    /// Jobs in one of these states.
    pub statuses: Option<Vec<JobStatus>>,
    /// Jobs of these types.
    pub job_types: Option<Vec<JobType>>,
    /// Jobs whose connector had one of these service types when they were created.
    pub service_types: Option<Vec<String>>,
    /// Of each connector only the oldest job that matches.
    pub oldest_of_each_connector: bool,
    /// Jobs whose `last_seen` is before this instant; those without one are left out then.
    pub last_seen_before: Option<DateTime<Utc>>,
    /// At most so many; not above 10,000.
    pub size: usize,
    /// Begin with the newest (by `created_at`) instead of the oldest.
    pub newest_first: bool,
}

impl Default for JobFilter {
    fn default() -> Self {
        Self {
            connector_ids: None,
            statuses: None,
            job_types: None,
            service_types: None,
            oldest_of_each_connector: false,
            last_seen_before: None,
            size: 100,
            newest_first: false,
        }
    }
}

impl SyncJobs {
    pub(crate) fn new(transport: Transport) -> Self {
        Self { transport }
    }

    /// Creates a job and returns its id. Needs a connector with index and service type; does not look for a job that
    /// is already waiting.
    pub async fn create(
        &self,
        connector_id: &str,
        job_type: &JobType,
        trigger_method: &TriggerMethod,
    ) -> Result<String, ElasticError> {
        if !self.transport.has_connectors_api() {
            let (job_type, trigger_method) = (job_type.as_str(), trigger_method.as_str());
            return api_by_index::create_job(&self.transport, None, connector_id, job_type, trigger_method).await;
        }
        let body = json!({
            "id": connector_id,
            "job_type": job_type.as_str(),
            "trigger_method": trigger_method.as_str(),
        });
        let request = Request::post(&["_connector", "_sync_job"])
            .json(&body)
            .repeat(Repeat::OnlyIfNotCarriedOut);
        self.transport.send(request).await?.string_field("id")
    }

    /// Creates a job under an id of the caller's, by writing the document that the API would write: the API takes no
    /// id. A second call with the same id is [`ElasticError::AlreadyExists`], so that repeating it never makes two jobs.
    pub async fn create_with_id(
        &self,
        id: &str,
        connector_id: &str,
        job_type: &JobType,
        trigger_method: &TriggerMethod,
    ) -> Result<(), ElasticError> {
        let (job_type, trigger_method) = (job_type.as_str(), trigger_method.as_str());
        api_by_index::create_job(&self.transport, Some(id), connector_id, job_type, trigger_method)
            .await
            .map(drop)
    }

    /// One job, read in real time.
    pub async fn get(&self, id: &str) -> Result<Option<Versioned<SyncJobRecord>>, ElasticError> {
        let document = connector_indices::get(&self.transport, SYNC_JOBS_ALIAS, id).await?;
        Ok(document.map(|document| document.map(SyncJobRecord::read)))
    }

    /// The oldest jobs (by `created_at`, or the newest) that match, as of the last refresh: before acting on one, act conditionally or
    /// read it again. On a fresh cluster, where the index does not exist yet, there are none.
    pub async fn list(&self, filter: &JobFilter) -> Result<Vec<Versioned<SyncJobRecord>>, ElasticError> {
        let documents = connector_indices::search_first(&self.transport, SYNC_JOBS_ALIAS, &filter.to_search()).await?;
        Ok(documents
            .into_iter()
            .map(|document| document.map(SyncJobRecord::read))
            .collect())
    }

    /// Asks for cancellation: a waiting job is canceled at once, a running one becomes `canceling`. Any other state is
    /// [`ElasticError::BadRequest`].
    pub async fn cancel(&self, id: &str) -> Result<(), ElasticError> {
        if !self.transport.has_connectors_api() {
            return api_by_index::cancel_job(&self.transport, id).await;
        }
        let request = Request::put(&["_connector", "_sync_job", id, "_cancel"]).repeat(Repeat::OnlyIfNotCarriedOut);
        self.transport.send(request).await.map(drop)
    }

    /// Deletes the job's document, in whatever state.
    pub async fn delete(&self, id: &str) -> Result<(), ElasticError> {
        if !self.transport.has_connectors_api() {
            return api_by_index::delete_job(&self.transport, id).await;
        }
        self.transport
            .send(Request::delete(&["_connector", "_sync_job", id]))
            .await
            .map(drop)
    }

    /// Merges `doc` into the job, on condition that nobody wrote since `version` was read; else
    /// [`ElasticError::VersionConflict`]. Objects are merged deeply, arrays replaced.
    pub async fn update_if_unchanged<T>(
        &self,
        version: &Versioned<T>,
        doc: &Value,
        refresh: Refresh,
    ) -> Result<Updated, ElasticError> {
        let condition = version.version();
        connector_indices::update_if_unchanged(&self.transport, SYNC_JOBS_ALIAS, &version.id, condition, doc, refresh)
            .await
    }
}

impl JobFilter {
    fn to_search(&self) -> Value {
        let mut conditions = Vec::new();
        if let Some(ids) = &self.connector_ids {
            conditions.push(json!({ "terms": { "connector.id": ids } }));
        }
        if let Some(statuses) = &self.statuses {
            let words: Vec<&str> = statuses.iter().map(JobStatus::as_str).collect();
            conditions.push(json!({ "terms": { "status": words } }));
        }
        if let Some(job_types) = &self.job_types {
            let words: Vec<&str> = job_types.iter().map(JobType::as_str).collect();
            conditions.push(json!({ "terms": { "job_type": words } }));
        }
        if let Some(service_types) = &self.service_types {
            conditions.push(json!({ "terms": { "connector.service_type": service_types } }));
        }
        if let Some(instant) = &self.last_seen_before {
            conditions.push(json!({ "range": { "last_seen": { "lt": instant.to_rfc3339() } } }));
        }
        let order = if self.newest_first { "desc" } else { "asc" };
        let mut search = json!({
            "size": self.size.min(10_000),
            "query": { "bool": { "filter": conditions } },
            "sort": [{ "created_at": { "order": order, "missing": "_first" } }],
            "track_total_hits": false,
        });
        if self.oldest_of_each_connector {
            search["collapse"] = json!({ "field": "connector.id" });
        }
        search
    }
}
