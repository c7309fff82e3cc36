//! Proves how well an index covers its Jira: per project, which issues are missing, left over or outdated, and which
//! documents are stored in part.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use elastic_client::{ElasticClient, ElasticError};
use serde::Serialize;
use serde_json::{Value, json};
use sync_engine::sync::encode::INGESTION_ERRORS_FIELD;
use sync_engine::sync::{
    DocumentKind, IndexScan, IndexSelection, IndexedPage, IssueId, Sink, SinkError, SyncError, left_out_by_rules,
};

use super::dry_run::{Inspection, InspectionError};
use super::error::{Doing as _, OperationError};
use super::installation::Installation;

/// So many documents that are stored in part are named.
const NAMED_PARTS: usize = 100;

/// The coverage of a Jira by its index.
#[derive(Debug, Clone, Serialize)]
pub struct Coverage {
    /// Whether the index has exactly what Jira has.
    pub complete: bool,
    /// By project.
    pub projects: Vec<ProjectCoverage>,
    /// How many documents are stored in part. They are found; another sync of the same Jira stores the same.
    pub stored_in_part: u64,
    /// The first of them.
    pub parts_missing: Vec<StoredInPart>,
    /// The content index.
    #[serde(skip)]
    pub index_name: String,
}

/// A document that was too large, or had values that Elasticsearch refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredInPart {
    /// The `_id`.
    pub id: String,
    /// What was cut or left out, and why.
    pub notes: Vec<String>,
}

/// One project compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProjectCoverage {
    /// Its key.
    #[serde(rename = "project")]
    pub key: String,
    /// Issues that Jira lists.
    pub in_jira: u64,
    /// Issues of it in the index.
    pub in_index: u64,
    /// Issues that the sync rules leave out.
    #[serde(rename = "left_out_by_rules")]
    pub left_out: u64,
    /// Issues that only Jira has.
    pub missing: Vec<IssueId>,
    /// Issues that only the index has.
    pub left_over: Vec<IssueId>,
    /// Issues whose indexed version is older than Jira's.
    pub outdated: Vec<IssueId>,
}

impl ProjectCoverage {
    /// Whether the index has exactly what Jira has.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.left_over.is_empty() && self.outdated.is_empty()
    }
}

struct Indexed {
    project: String,
    updated: Option<DateTime<Utc>>,
}

/// Compares every issue's id and last change.
pub async fn verify(installation: &Installation<'_>, connector_id: &str) -> Result<Coverage, OperationError> {
    let inspection = Inspection::of(installation, connector_id).await?;
    let projects = compare(&inspection).await.doing("cannot compare Jira with the index")?;
    let (stored_in_part, parts_missing) = read_parts(&installation.data_client(connector_id)?, &inspection.index)
        .await
        .doing("cannot look for documents that are stored in part")?;
    Ok(Coverage {
        complete: projects.iter().all(ProjectCoverage::is_complete),
        projects,
        stored_in_part,
        parts_missing,
        index_name: inspection.index,
    })
}

async fn compare(inspection: &Inspection) -> Result<Vec<ProjectCoverage>, InspectionError> {
    let mut indexed = read_index(inspection).await?;
    let mut all = Vec::new();
    for (project_id, key) in inspection.source.project_keys() {
        let listed = inspection
            .source
            .list_project(project_id)
            .await
            .map_err(SyncError::from)?;
        let in_jira = listed.len() as u64;
        let (mut missing, mut outdated, mut found) = (Vec::new(), Vec::new(), 0);
        for issue in listed {
            match indexed.remove(&issue.id) {
                None => missing.push(issue.id),
                Some(entry) => {
                    found += 1;
                    if entry.updated != issue.updated {
                        outdated.push(issue.id);
                    }
                }
            }
        }
        let rules = inspection.rules();
        let left_out = left_out_by_rules(inspection.source.as_ref(), rules, missing.clone())
            .await
            .map_err(SyncError::from)?;
        missing.retain(|id| !left_out.contains(id));
        all.push(ProjectCoverage {
            key,
            in_jira,
            in_index: found,
            left_out: left_out.len() as u64,
            missing,
            left_over: Vec::new(),
            outdated,
        });
    }
    // What no listing has taken out is left over.
    for (id, entry) in indexed {
        match all.iter_mut().find(|coverage| coverage.key == entry.project) {
            Some(coverage) => {
                coverage.in_index += 1;
                coverage.left_over.push(id);
            }
            None => all.push(ProjectCoverage {
                key: entry.project,
                in_jira: 0,
                in_index: 1,
                left_out: 0,
                missing: Vec::new(),
                left_over: vec![id],
                outdated: Vec::new(),
            }),
        }
    }
    Ok(all)
}

/// The scan of before has refreshed the index.
async fn read_parts(client: &ElasticClient, index: &str) -> Result<(u64, Vec<StoredInPart>), ElasticError> {
    let body = json!({
        "size": NAMED_PARTS,
        "query": { "exists": { "field": INGESTION_ERRORS_FIELD } },
        "_source": [INGESTION_ERRORS_FIELD],
        "track_total_hits": true,
    });
    let found = client.search(index, &body).await?;
    let parts = found.hits.into_iter().map(|hit| {
        let notes = match &hit.source[INGESTION_ERRORS_FIELD] {
            Value::Array(notes) => notes.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            note => note.as_str().map(str::to_owned).into_iter().collect(),
        };
        StoredInPart { id: hit.id, notes }
    });
    let parts: Vec<StoredInPart> = parts.collect();
    Ok((found.total.unwrap_or(parts.len() as u64), parts))
}

async fn read_index(inspection: &Inspection) -> Result<HashMap<IssueId, Indexed>, SinkError> {
    let mut indexed = HashMap::new();
    let mut scan = inspection.sink.scan(IndexSelection::Everything).await?;
    while let IndexedPage::Documents(documents) = scan.next_page().await? {
        for document in documents
            .into_iter()
            .filter(|document| document.kind == DocumentKind::Issue)
        {
            let Some(id) = document.jira_id else { continue };
            let project = document
                .key
                .as_deref()
                .and_then(|key| key.rsplit_once('-'))
                .map_or("", |(project, _)| project);
            let updated = document.updated();
            indexed.insert(
                id,
                Indexed {
                    project: project.to_owned(),
                    updated,
                },
            );
        }
    }
    Ok(indexed)
}
