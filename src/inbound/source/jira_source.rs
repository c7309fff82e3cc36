//! Jira behind the engine's [`Source`]: listings, batches of issues, downloads, confirmations.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use futures::{StreamExt, stream};
use jira_client::{HistoryEntry, Issue, JiraClient};
use serde_json::{Map, Value};
use sync_engine::access_control::DocumentTokens;
use sync_engine::sync::{
    BoardAnswers, BoardListing, ChangedIssue, CompleteListing, Confirmation, Document, DocumentKind, FetchedIssues,
    FileContent, IncompleteIssue, IssueId, IssueSelection, ItemFailure, ListingBuilder, MissingIssue,
    PendingAttachment, Source, SourceError,
};
use tokio::sync::mpsc;
use tracing::debug;

use super::boards;
use super::documents::{
    self, Attachments, CUSTOM_FIELDS, DocumentContext, REQUEST_FIELD, RestrictedEntry, SideDoors, allow,
};
use super::engine_terms::{LastPage, source_error};
use super::extras::Extras;
use super::file_content::FileExtraction;
use super::jql_time::JqlTime;
use super::permissions::{AccessOfIssue, DocumentAccess};
use super::ranges::{RangedListing, Step};
use super::scope::ResolvedScope;
use super::{children, confirmation};

/// Jira reads this many issues whole in one request.
const BATCH_SIZE: usize = 100;
/// Comment and worklog lists of one batch that are fetched at a time.
const CONCURRENT_CHILD_LISTS: usize = 8;

/// A Jira that is logged in to, with its projects resolved.
#[derive(Debug)]
pub struct JiraSource {
    client: JiraClient,
    context: DocumentContext,
    scope: ResolvedScope,
    /// Keys of the projects in scope.
    project_names: BTreeSet<String>,
    /// Types of the projects in scope; some servers leave them out of issues.
    project_types: HashMap<u64, String>,
    /// None without document level security.
    access: Option<DocumentAccess>,
    extras: Extras,
    opened_at: DateTime<Utc>,
    time: JqlTime,
    extraction: FileExtraction,
}

impl JiraSource {
    pub(super) fn new(
        client: JiraClient,
        context: DocumentContext,
        scope: ResolvedScope,
        access: Option<DocumentAccess>,
        extras: Extras,
        opened_at: DateTime<Utc>,
        zone: Tz,
    ) -> Self {
        let time = JqlTime::new(zone);
        Self {
            client,
            context,
            project_types: children::types_of(&scope.projects),
            project_names: scope.projects.iter().map(|project| project.key.clone()).collect(),
            scope,
            access,
            extras,
            opened_at,
            time,
            extraction: FileExtraction::Pipeline,
        }
    }

    /// The same with another way to turn files into text than the ingest pipeline.
    #[must_use]
    pub fn with_extraction(self, extraction: FileExtraction) -> Self {
        Self { extraction, ..self }
    }

    /// Id and key of every project in scope.
    pub fn project_keys(&self) -> Vec<(u64, String)> {
        self.scope
            .projects
            .iter()
            .map(|project| (project.id, project.key.clone()))
            .collect()
    }

    /// The fields of documents that hold a date because Jira says so, as paths.
    pub fn date_fields(&self) -> Vec<String> {
        let dates = self.context.custom_fields.dates().iter();
        dates.map(|name| format!("{CUSTOM_FIELDS}.{name}")).collect()
    }

    /// Every issue of one project in scope, with the time of its last change.
    pub async fn list_project(&self, project_id: u64) -> Result<Vec<ChangedIssue>, SourceError> {
        let selection = IssueSelection::Projects(vec![project_id]);
        self.list_heads(|| self.scope.select(&selection, &self.time)).await
    }

    fn listing<J: Fn() -> String + Sync>(&self, selection: J) -> RangedListing<'_, J> {
        RangedListing::new(&self.client, &self.time, self.opened_at, selection)
    }

    async fn list_heads(&self, selection: impl Fn() -> String + Sync) -> Result<Vec<ChangedIssue>, SourceError> {
        let mut listing = self.listing(selection).with_updated();
        let mut changed = Vec::new();
        loop {
            match listing.next().await.map_err(source_error)? {
                Step::Page(heads) => changed.extend(heads.into_iter().map(|head| ChangedIssue {
                    id: head.id,
                    updated: head.updated.map(|updated| updated.with_timezone(&Utc)),
                })),
                Step::Opened | Step::Ended(_) => {}
                Step::Done => return Ok(changed),
            }
        }
    }

    /// Builds the documents of an issue that was read whole.
    fn build(
        &self,
        mut issue: Issue,
        history: &[HistoryEntry],
        access: Option<&AccessOfIssue>,
        batch: &mut FetchedIssues,
    ) {
        let restricted = documents::take_restricted(&mut issue.fields);
        let id = issue.id;
        batch.neighbours.extend(documents::neighbours(&issue.fields));
        let before = batch.documents.len() + batch.attachments.len();
        match documents::attachments(&self.context, &issue) {
            Attachments::Listed(found, failed) => {
                if !failed.is_empty() {
                    // What could not be understood may be indexed already; it must not look detached.
                    batch.attachments_unknown.push(id);
                }
                batch
                    .attachments
                    .extend(found.into_iter().map(|file| allow_file(file, access)));
                batch.failed.extend(failed);
            }
            Attachments::Unknown => batch.attachments_unknown.push(id),
        }
        if let Some((rules, access)) = self.access.as_ref().zip(access) {
            let tokens = |entry: &RestrictedEntry| rules.entry(access, &entry.raw);
            for entry in &restricted.entries {
                let document = documents::restricted_entry(&self.context, &issue, entry);
                batch
                    .documents
                    .extend(document.map(|document| allow(document, &tokens(entry))));
            }
            for (file, shown_by) in restricted.attachments {
                let seen = shown_by.iter().map(|at| tokens(&restricted.entries[*at]));
                let seen = seen.fold(DocumentTokens::nobody(), |all, tokens| all.or(&tokens));
                let only = Issue {
                    fields: Map::from_iter([("attachment".to_owned(), Value::Array(vec![file]))]),
                    ..issue.clone()
                };
                if let Attachments::Listed(found, failed) = documents::attachments(&self.context, &only) {
                    batch.attachments.extend(found.into_iter().map(|mut file| {
                        file.document = allow(file.document, &seen);
                        file
                    }));
                    batch.failed.extend(failed);
                }
            }
        }
        batch.documents.extend(history.iter().map(|entry| {
            let document = documents::history_entry(&self.context, &self.extras.texts, &issue, entry);
            match access {
                Some(access) => allow(document, &access.tokens),
                None => document,
            }
        }));
        batch.documents.push(self.issue_document(issue, access));
        if let Some(reason) = access.and_then(|access| access.denied.as_deref()) {
            batch.denied += (batch.documents.len() + batch.attachments.len() - before) as u64;
            debug!(
                issue.id = id,
                reason, "nobody may see an issue, for lack of information"
            );
        }
        batch.fetched.push(id);
    }

    fn issue_document(&self, mut issue: Issue, access: Option<&AccessOfIssue>) -> Document {
        if access.is_some() {
            let doors = SideDoors {
                own_key: &issue.key,
                projects: &self.project_names,
            };
            doors.close(&mut issue.fields);
        }
        let request = self.extras.request(&issue);
        let mut document = documents::issue(&self.context, issue);
        if let Some(request) = request {
            document.fields.insert(REQUEST_FIELD.into(), request);
        }
        match access {
            Some(access) => allow(document, &access.tokens),
            None => document,
        }
    }

    /// An issue whose comments or worklogs could not be completed.
    fn build_incomplete(
        &self,
        mut issue: Issue,
        error: SourceError,
        access: Option<&AccessOfIssue>,
        batch: &mut FetchedIssues,
    ) -> Result<(), SourceError> {
        if error.is_fatal() {
            return Err(error);
        }
        let restricted = documents::take_restricted(&mut issue.fields);
        let failure = ItemFailure {
            issue_id: issue.id,
            item: format!("issue {}", issue.key),
            reason: error.to_string(),
        };
        // A comment that was not read may be a restricted one that shows a file.
        issue.fields.remove("attachment");
        let document = self.issue_document(issue, access);
        batch.incomplete.push(IncompleteIssue {
            failure,
            document,
            restricted: !restricted.entries.is_empty(),
        });
        Ok(())
    }
}

fn allow_file(mut file: PendingAttachment, access: Option<&AccessOfIssue>) -> PendingAttachment {
    if let Some(access) = access {
        file.document = allow(file.document, &access.tokens);
    }
    file
}

fn created(issue: &Issue) -> Option<DateTime<Utc>> {
    let created = issue.fields.get("created")?.as_str()?;
    jira_client::parse_timestamp(created).map(|created| created.with_timezone(&Utc))
}

impl Source for JiraSource {
    async fn projects(&self) -> Result<Vec<Document>, SourceError> {
        Ok(self
            .scope
            .projects
            .iter()
            .map(|project| {
                let mut document = documents::project(&self.context, project.clone());
                documents::clean(&mut document);
                match &self.access {
                    Some(access) => allow(document, &access.project(project.id)),
                    None => document,
                }
            })
            .collect())
    }

    async fn boards(&self) -> Result<BoardListing, SourceError> {
        if !self.extras.wanted.agile {
            return Ok(BoardListing::NotWanted);
        }
        let boards = boards::list(&self.client, &self.context, &self.scope, self.access.as_ref())
            .await
            .map_err(source_error)?;
        Ok(BoardListing::Listed(boards))
    }

    async fn confirm_boards(&self, missing: Vec<(DocumentKind, u64)>) -> Result<BoardAnswers, SourceError> {
        boards::confirm(&self.client, &self.scope, missing)
            .await
            .map_err(source_error)
    }

    async fn any_issue(&self) -> Result<Option<String>, SourceError> {
        confirmation::any_issue(&self.client, &self.scope)
            .await
            .map_err(source_error)
    }

    fn scope_form(&self) -> String {
        self.scope.form()
    }

    fn content_form(&self) -> Option<String> {
        self.extras.form()
    }

    fn unavailable(&self) -> Option<&'static str> {
        self.extras.unavailable()
    }

    fn opened_at(&self) -> DateTime<Utc> {
        self.opened_at
    }

    async fn list_issues(
        &self,
        selection: IssueSelection,
        batches: mpsc::Sender<Vec<IssueId>>,
    ) -> Result<CompleteListing, SourceError> {
        let mut builder = ListingBuilder::default();
        let mut listing = self.listing(|| self.scope.select(&selection, &self.time));
        loop {
            match listing.next().await.map_err(source_error)? {
                Step::Opened => builder.open_scope(),
                Step::Page(heads) => {
                    let new = builder.page(heads.into_iter().map(|head| head.id));
                    for batch in new.chunks(BATCH_SIZE) {
                        let sent = batches.send(batch.to_vec()).await;
                        sent.map_err(|_| SourceError::new("fetching stopped before the listing ended", true))?;
                    }
                }
                Step::Ended(end) => builder.end_scope(&LastPage(&end)),
                Step::Done => break,
            }
        }
        let incomplete = |reason| SourceError::new(format!("the listing of issues is not complete: {reason}"), true);
        builder.finish().map_err(incomplete)
    }

    async fn list_changed(&self, since: DateTime<Utc>) -> Result<Vec<ChangedIssue>, SourceError> {
        self.list_heads(|| self.scope.changed_since(since, &self.time)).await
    }

    fn batch_size(&self) -> usize {
        BATCH_SIZE
    }

    async fn fetch(&self, ids: Vec<IssueId>) -> Result<FetchedIssues, SourceError> {
        let answer = self.client.fetch_issues(&ids, &["*all"]).await.map_err(source_error)?;
        let mut histories = self
            .extras
            .histories(&self.client, &answer.issues)
            .await
            .map_err(source_error)?;
        let mut batch = FetchedIssues {
            absent: answer.absent,
            last_created: answer.issues.iter().filter_map(created).max(),
            ..FetchedIssues::default()
        };
        batch
            .failed
            .extend(answer.failed.into_iter().map(|(issue_id, reason)| ItemFailure {
                issue_id,
                item: format!("issue {issue_id}"),
                reason,
            }));
        // Cut lists are completed side by side; most issues have none.
        let mut completed = stream::iter(answer.issues)
            .map(|mut issue| async {
                let result = children::complete(&self.client, &mut issue, &self.project_types).await;
                let access = self.access.as_ref().map(|access| access.issue(&issue));
                (issue, result, access)
            })
            .buffered(CONCURRENT_CHILD_LISTS);
        while let Some((issue, result, access)) = completed.next().await {
            let history = histories.take(issue.id);
            match result.map_err(source_error).and(history) {
                Ok(history) => self.build(issue, &history, access.as_ref(), &mut batch),
                Err(error) => self.build_incomplete(issue, error, access.as_ref(), &mut batch)?,
            }
        }
        drop(completed);
        let whole = batch.documents.iter_mut();
        let files = batch.attachments.iter_mut().map(|file| &mut file.document);
        let cut = batch.incomplete.iter_mut().map(|issue| &mut issue.document);
        whole.chain(files).chain(cut).for_each(documents::clean);
        Ok(batch)
    }

    async fn download(&self, attachment: &PendingAttachment) -> Result<FileContent, SourceError> {
        self.extraction.read(&self.client, attachment).await
    }

    async fn confirm(&self, missing: Vec<MissingIssue>) -> Result<Vec<(IssueId, Confirmation)>, SourceError> {
        confirmation::issues(&self.client, &self.scope, missing)
            .await
            .map_err(source_error)
    }

    async fn confirm_projects(&self, missing: Vec<u64>) -> Result<Vec<(u64, Confirmation)>, SourceError> {
        confirmation::projects(&self.client, self.scope.is_all(), missing)
            .await
            .map_err(source_error)
    }

    async fn resolve_key(&self, key: &str) -> Result<Option<IssueId>, SourceError> {
        self.client.issue_id(key).await.map_err(source_error)
    }

    async fn confirm_account(&self) -> Result<(), SourceError> {
        self.client.confirm_account().await.map_err(source_error)
    }

    fn access_form(&self) -> Option<String> {
        self.access.as_ref().map(DocumentAccess::form)
    }

    fn requests(&self) -> u64 {
        self.client.stats().requests
    }
}
