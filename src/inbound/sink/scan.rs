//! Reads what a content index holds, as far as the engine needs to know it.

use elastic_client::{ElasticClient, Scan, ScanNext, ScannedDocument};
use serde_json::{Map, Value, json};
use sync_engine::sync::document::ACCESS_FIELD;
use sync_engine::sync::encode::{EXTRACTION_FIELD, INGESTION_ERRORS_FIELD};
use sync_engine::sync::{DocumentKind, IndexScan, IndexSelection, IndexedDocument, IndexedPage, IssueId, SinkError};

use super::rehearsal;

/// The only fields that are read back.
const FIELDS: &[&str] = &[
    "Key",
    "Type",
    "jira_id",
    "issue_id",
    "issue",
    "size",
    "_timestamp",
    "Project.name",
    EXTRACTION_FIELD,
];

/// The fields of an issue's document that name other issues.
const NEIGHBOURS: &[&str] = &[
    "Issue.issuelinks.inwardIssue.id",
    "Issue.issuelinks.outwardIssue.id",
    PARENT,
    "Issue.subtasks.id",
    OWN_ID,
];
const PARENT: &str = "Issue.parent.id";
const OWN_ID: &str = "jira_id";

/// Documents read in one request.
const LOOKED_UP_AT_ONCE: usize = 1_000;

/// A scan of one content index.
pub struct ContentScan {
    scan: Scan,
}

impl ContentScan {
    /// Makes everything written so far visible, then begins.
    pub(super) async fn start(
        client: &ElasticClient,
        index: &str,
        selection: IndexSelection,
    ) -> Result<Self, SinkError> {
        client
            .indices()
            .refresh(index)
            .await
            .map_err(|error| SinkError::Elasticsearch(error.to_string()))?;
        let mut fields = FIELDS.to_vec();
        if matches!(selection, IndexSelection::WithContent | IndexSelection::OfIssues(_)) {
            fields.push(ACCESS_FIELD);
        }
        if selection == IndexSelection::RefusedByPipeline {
            fields.push(INGESTION_ERRORS_FIELD);
        }
        if matches!(selection, IndexSelection::Ids(_)) {
            fields.push("Sprint");
        }
        Ok(Self {
            scan: client.scan(index, &fields, query(selection)),
        })
    }
}

fn query(selection: IndexSelection) -> Option<Value> {
    match selection {
        IndexSelection::Everything => None,
        IndexSelection::WithContent => Some(json!({ "exists": { "field": EXTRACTION_FIELD } })),
        // A note about a field that the mapping refuses stands there too, and takes no text away.
        IndexSelection::RefusedByPipeline => Some(json!({ "bool": {
            "filter": [{ "exists": { "field": INGESTION_ERRORS_FIELD } }, { "exists": { "field": EXTRACTION_FIELD } }],
            "must_not": [{ "exists": { "field": "body" } }],
        } })),
        IndexSelection::WithoutJiraId => Some(json!({ "bool": { "must_not": { "exists": { "field": "jira_id" } } } })),
        IndexSelection::Ids(ids) => Some(json!({ "ids": { "values": ids } })),
        // Jira writes ids as texts, and as one the field is mapped.
        IndexSelection::ChildrenOf(ids) => {
            let ids: Vec<String> = ids.iter().map(IssueId::to_string).collect();
            Some(json!({ "terms": { PARENT: ids } }))
        }
        // Objects of other kinds may have the same number; whoever reads the page looks at the kind.
        IndexSelection::OfIssues(ids) => Some(json!({ "bool": { "should": [
            { "terms": { "jira_id": ids } },
            { "terms": { "issue_id": ids } },
        ] } })),
    }
}

/// The issues that these documents name in their links, as parent or as sub-tasks, and those that name them as parent: an
/// epic does not list its children.
pub(super) async fn neighbours(
    client: &ElasticClient,
    index: &str,
    documents: &[&str],
) -> Result<Vec<IssueId>, SinkError> {
    let mut found = Vec::new();
    for some in documents.chunks(LOOKED_UP_AT_ONCE) {
        let read = client.get_documents(index, some, NEIGHBOURS).await;
        let read = read.map_err(|error| SinkError::Elasticsearch(error.to_string()))?;
        read.iter().flatten().for_each(|source| collect_ids(source, &mut found));
        let own = read.iter().flatten().filter_map(|source| source[OWN_ID].as_u64());
        let children = IndexSelection::ChildrenOf(own.collect());
        let mut scan = ContentScan::start(client, index, children).await?;
        while let IndexedPage::Documents(documents) = scan.next_page().await? {
            found.extend(documents.into_iter().filter_map(|document| document.jira_id));
        }
    }
    Ok(found)
}

/// Every `id` below: nothing else was asked for.
fn collect_ids(value: &Value, found: &mut Vec<IssueId>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "id" => found.extend(text.parse::<IssueId>().ok()),
                    Value::Number(number) if name == "id" => found.extend(number.as_u64()),
                    member => collect_ids(member, found),
                }
            }
        }
        Value::Array(entries) => entries.iter().for_each(|entry| collect_ids(entry, found)),
        _ => {}
    }
}

/// The whole document of an attachment that has content, by its numeric id.
pub(super) async fn attachment(
    client: &ElasticClient,
    index: &str,
    id: u64,
) -> Result<Option<Map<String, Value>>, SinkError> {
    let body = json!({
        "size": 1,
        "query": { "bool": {
            "filter": [{ "term": { "jira_id": id } }, { "exists": { "field": EXTRACTION_FIELD } }],
            // An issue may have the same number.
            "must_not": [{ "exists": { "field": "Key" } }],
        } },
    });
    let mut answer = client
        .search(index, &body)
        .await
        .map_err(|error| SinkError::Elasticsearch(error.to_string()))?;
    Ok(match answer.hits.pop().map(|hit| hit.source) {
        Some(Value::Object(document)) => Some(document),
        _ => None,
    })
}

impl IndexScan for ContentScan {
    async fn next_page(&mut self) -> Result<IndexedPage, SinkError> {
        match self
            .scan
            .next_page()
            .await
            .map_err(|error| SinkError::Elasticsearch(error.to_string()))?
        {
            ScanNext::Page(documents) => Ok(IndexedPage::Documents(documents.into_iter().map(read).collect())),
            ScanNext::End { .. } => Ok(IndexedPage::End),
        }
    }
}

/// An issue type may be called "Project" or "Attachment", so families are told by what only they have: an attachment
/// names its issue and has no key, like a comment or a sprint, whose `_id` begins in small letters, which no key does; a
/// project's `_id` begins with a fixed word.
fn read(document: ScannedDocument) -> IndexedDocument {
    let ScannedDocument { id, source } = document;
    let text = |field: &str| source.get(field).and_then(Value::as_str).map(str::to_owned);
    let number = |field: &str| source.get(field).and_then(Value::as_u64);
    let key = text("Key");
    let project_id = id
        .strip_prefix("project-")
        .filter(|_| text("Type").as_deref() == Some("Project"));
    let kind = match (&key, project_id) {
        (None, _) if id.starts_with("comment-") => DocumentKind::Comment,
        (None, _) if id.starts_with("worklog-") => DocumentKind::Worklog,
        (None, _) if id.starts_with("changelog-") => DocumentKind::Changelog,
        (None, _) if id.starts_with("board-") => DocumentKind::Board,
        (None, _) if id.starts_with("sprint-") => DocumentKind::Sprint,
        (None, _) => DocumentKind::Attachment,
        (Some(_), Some(_)) => DocumentKind::Project,
        (Some(_), None) => DocumentKind::Issue,
    };
    // An index that the framework's connector made has no numeric ids; a project's is in its `_id`.
    let from_id = project_id.and_then(|digits| digits.parse().ok());
    IndexedDocument {
        kind,
        jira_id: number("jira_id").or(from_id),
        issue_id: number("issue_id"),
        key: key.or_else(|| text("issue")),
        project_name: source
            .pointer("/Project/name")
            .and_then(Value::as_str)
            .map(str::to_owned),
        sprint: source.get("Sprint").cloned(),
        timestamp: text("_timestamp"),
        size: number("size"),
        extraction: text(EXTRACTION_FIELD),
        ingestion_error: source.get(INGESTION_ERRORS_FIELD).and_then(rehearsal::said),
        has_tokens: source.get(ACCESS_FIELD).is_some_and(|tokens| !tokens.is_null()),
        id,
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("project-10000", json!({"Key": "AL", "Type": "Project"}), DocumentKind::Project, Some(10000))]
    #[test_case("Alpha-AL-1", json!({"Key": "AL-1", "Type": "Bug", "jira_id": 7}), DocumentKind::Issue, Some(7))]
    #[test_case("Alpha-AL-2", json!({"Key": "AL-2", "Type": "Attachment", "jira_id": 8}), DocumentKind::Issue, Some(8); "an issue type with a confusing name")]
    #[test_case("AL-1-70", json!({"Type": "Attachment", "issue": "AL-1", "jira_id": 70}), DocumentKind::Attachment, Some(70))]
    #[test_case("comment-70", json!({"Type": "Comment", "issue": "AL-1", "jira_id": 70}), DocumentKind::Comment, Some(70))]
    #[test_case("changelog-70", json!({"Type": "Changelog", "issue": "AL-1", "jira_id": 70}), DocumentKind::Changelog, Some(70))]
    #[test_case("board-7", json!({"Type": "Board", "jira_id": 7}), DocumentKind::Board, Some(7))]
    #[test_case("sprint-7", json!({"Type": "Sprint", "jira_id": 7}), DocumentKind::Sprint, Some(7))]
    #[test_case("Alpha-AL-3", json!({"Key": "AL-3", "Type": "Bug"}), DocumentKind::Issue, None; "made by the framework")]
    fn families(id: &str, source: Value, kind: DocumentKind, jira_id: Option<u64>) {
        let document = read(ScannedDocument { id: id.into(), source });
        assert_eq!((document.kind, document.jira_id), (kind, jira_id));
    }
}
