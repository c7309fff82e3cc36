//! A source that reads the Jira in memory, and fails and lies as real ones do.

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use tokio::sync::mpsc;

use super::documents::{Scope, shown, text};
use super::faults::Faults;
use super::jira::Jira;
use crate::sync::listing::{CompleteListing, EndOfListing, IssueId, ListingBuilder};
use crate::sync::source::{
    BoardAnswers, BoardListing, ChangedIssue, Confirmation, FetchedIssues, FileContent, IncompleteIssue,
    IssueSelection, ItemFailure, MissingIssue, PendingAttachment, Source, SourceError,
};
use crate::sync::{Document, DocumentKind, FileEncoder};

/// Small, so that small worlds have several batches.
const BATCH_SIZE: usize = 3;

/// The source of one sync; the world does not change meanwhile.
#[derive(Debug)]
pub(super) struct MemorySource {
    pub(super) jira: Jira,
    pub(super) scope: Scope,
    pub(super) faults: Arc<Faults>,
    /// What search does not show in this sync, nor the last change of it.
    pub(super) hidden_from_search: BTreeSet<IssueId>,
    /// Files whose content was asked for.
    pub(super) downloads: Mutex<Vec<u64>>,
    /// Issues that were asked for.
    pub(super) fetched: Mutex<HashSet<IssueId>>,
    anonymous: AtomicBool,
    requests: AtomicU64,
}

struct LastPage(u64);

impl EndOfListing for LastPage {
    fn rows(&self) -> u64 {
        self.0
    }
}

impl MemorySource {
    pub(super) fn new(jira: Jira, scope: Scope, faults: Arc<Faults>) -> Self {
        let ids = jira.issues.keys().copied();
        let hidden_from_search = ids.filter(|_| faults.happens(faults.rates.search_hides)).collect();
        Self {
            jira,
            scope,
            faults,
            hidden_from_search,
            downloads: Mutex::default(),
            fetched: Mutex::default(),
            anonymous: AtomicBool::new(false),
            requests: AtomicU64::new(0),
        }
    }

    async fn call(&self) -> Result<(), SourceError> {
        self.faults.step().await;
        self.requests.fetch_add(1, SeqCst);
        if self.faults.happens(self.faults.rates.account) {
            self.anonymous.store(true, SeqCst);
        }
        if self.faults.happens(self.faults.rates.source_call) {
            return Err(SourceError::new("Jira answered 503", true));
        }
        Ok(())
    }

    fn sees_nothing(&self) -> bool {
        self.anonymous.load(SeqCst)
    }

    /// What search shows, oldest creation first.
    fn searched(&self) -> Vec<IssueId> {
        let in_scope = self.jira.issues.keys().copied().filter(|id| {
            !self.sees_nothing() && !self.hidden_from_search.contains(id) && self.scope.lists(&self.jira, *id)
        });
        let mut ids: Vec<IssueId> = in_scope.collect();
        ids.sort_by_key(|id| self.jira.issues[id].created);
        ids
    }

    fn failure(id: IssueId) -> ItemFailure {
        ItemFailure {
            issue_id: id,
            item: format!("issue {id}"),
            reason: "Jira answered 500".into(),
        }
    }

    fn read(&self, id: IssueId, batch: &mut FetchedIssues) {
        let rates = self.faults.rates;
        let issue = match shown(&self.jira, id) {
            Some(issue) if !self.sees_nothing() && !self.faults.happens(rates.omitted) => issue,
            _ => return batch.absent.push(id),
        };
        batch.last_created = batch.last_created.max(Some(issue.created));
        if self.faults.happens(rates.issue) {
            return batch.failed.push(Self::failure(id));
        }
        let documents = self.scope.issue(&self.jira, id);
        if self.faults.happens(rates.in_part) {
            let document = documents.into_iter().next().expect("an issue has a document");
            let failure = Self::failure(id);
            return batch.incomplete.push(IncompleteIssue {
                failure,
                document,
                restricted: issue.comments.values().any(|comment| comment.restricted),
            });
        }
        batch.fetched.push(id);
        batch.documents.extend(documents);
        batch.neighbours.extend(issue.parent);
        if self.faults.happens(rates.attachments_unknown) {
            batch.attachments_unknown.push(id);
            batch.failed.push(Self::failure(id));
        } else {
            batch.attachments.extend(self.scope.files(&self.jira, id));
        }
    }
}

impl Source for MemorySource {
    async fn projects(&self) -> Result<Vec<Document>, SourceError> {
        self.call().await?;
        let mut ids = self.scope.projects(&self.jira);
        ids.retain(|_| !self.sees_nothing() && !self.faults.happens(self.faults.rates.project_omitted));
        Ok(ids.into_iter().map(|id| self.scope.project(&self.jira, id)).collect())
    }

    async fn boards(&self) -> Result<BoardListing, SourceError> {
        self.call().await?;
        Ok(BoardListing::NotWanted)
    }

    async fn confirm_boards(&self, _missing: Vec<(DocumentKind, u64)>) -> Result<BoardAnswers, SourceError> {
        self.call().await?;
        Ok(Vec::new())
    }

    fn opened_at(&self) -> DateTime<Utc> {
        self.jira.now
    }

    async fn list_issues(
        &self,
        selection: IssueSelection,
        batches: mpsc::Sender<Vec<IssueId>>,
    ) -> Result<CompleteListing, SourceError> {
        self.call().await?;
        let mut ids = self.searched();
        ids.retain(|id| {
            let issue = &self.jira.issues[id];
            match &selection {
                IssueSelection::All => true,
                IssueSelection::Since { created, updated } => issue.created >= *created || issue.updated >= *updated,
                IssueSelection::Projects(projects) => projects.contains(&issue.project),
                IssueSelection::Sprints(_) => false,
            }
        });
        let mut builder = ListingBuilder::default();
        builder.open_scope();
        for page in ids.chunks(BATCH_SIZE) {
            self.call().await?;
            let batch = builder.page(page.iter().copied());
            let stopped = |_| SourceError::new("fetching stopped before the listing ended", true);
            batches.send(batch).await.map_err(stopped)?;
        }
        builder.end_scope(&LastPage(ids.len() as u64));
        builder.finish().map_err(|reason| SourceError::new(reason, true))
    }

    async fn list_changed(&self, since: DateTime<Utc>) -> Result<Vec<ChangedIssue>, SourceError> {
        self.call().await?;
        let changed = self.searched().into_iter().filter_map(|id| {
            let updated = self.jira.issues[&id].updated;
            (updated >= since).then_some(ChangedIssue {
                id,
                updated: Some(updated),
            })
        });
        Ok(changed.collect())
    }

    fn batch_size(&self) -> usize {
        BATCH_SIZE
    }

    async fn fetch(&self, ids: Vec<IssueId>) -> Result<FetchedIssues, SourceError> {
        self.call().await?;
        self.fetched.lock().unwrap().extend(&ids);
        let mut batch = FetchedIssues::default();
        ids.into_iter().for_each(|id| self.read(id, &mut batch));
        Ok(batch)
    }

    async fn download(&self, attachment: &PendingAttachment) -> Result<FileContent, SourceError> {
        self.faults.step().await;
        let id = attachment.document.jira_id;
        self.downloads.lock().unwrap().push(id);
        if self.faults.happens(self.faults.rates.download) {
            return Err(SourceError::new("Jira answered 503", true));
        }
        let issue = attachment.document.issue_id.expect("a file belongs to an issue");
        if self.jira.issues[&issue].files[&id].lost {
            return Err(SourceError::new("Jira answered 404", false).for_good());
        }
        let text = text(id);
        if self.scope.pipeline {
            let mut encoder = FileEncoder::new(text.len() as u64);
            encoder.push(text.as_bytes());
            return Ok(FileContent::File(encoder.finish()));
        }
        Ok(FileContent::Text { text, truncated: false })
    }

    async fn confirm(&self, missing: Vec<MissingIssue>) -> Result<Vec<(IssueId, Confirmation)>, SourceError> {
        self.call().await?;
        let answers = missing.into_iter().map(|missing| {
            let answer = match shown(&self.jira, missing.id) {
                _ if self.faults.happens(self.faults.rates.unclear) => {
                    Confirmation::Unknown("Jira answered 500".into())
                }
                Some(_) if self.sees_nothing() => Confirmation::Gone,
                None => Confirmation::Gone,
                Some(_) if self.scope.lists(&self.jira, missing.id) => Confirmation::Lagging,
                Some(_) => Confirmation::OutOfScope,
            };
            (missing.id, answer)
        });
        Ok(answers.collect())
    }

    async fn confirm_projects(&self, missing: Vec<u64>) -> Result<Vec<(u64, Confirmation)>, SourceError> {
        self.call().await?;
        let answers = missing.into_iter().map(|id| {
            let answer = match self.jira.projects.get(&id) {
                Some(project) if !project.hidden && !self.sees_nothing() => {
                    if project.archived || !self.scope.names_project(id) {
                        Confirmation::SetAside
                    } else {
                        Confirmation::Lagging
                    }
                }
                _ => Confirmation::Gone,
            };
            (id, answer)
        });
        Ok(answers.collect())
    }

    async fn resolve_key(&self, key: &str) -> Result<Option<IssueId>, SourceError> {
        self.call().await?;
        let shown = self
            .jira
            .issues
            .keys()
            .copied()
            .filter(|id| shown(&self.jira, *id).is_some());
        let mut found = shown.filter(|id| self.jira.key(&self.jira.issues[id]) == key);
        Ok(found.next())
    }

    async fn confirm_account(&self) -> Result<(), SourceError> {
        self.call().await?;
        if self.sees_nothing() {
            return Err(SourceError::new("this is not the account that logged in", false).fatal());
        }
        Ok(())
    }

    fn access_form(&self) -> Option<String> {
        self.scope.security.then(|| "tokens".to_owned())
    }

    async fn any_issue(&self) -> Result<Option<String>, SourceError> {
        self.call().await?;
        let mut issues = self.jira.issues.keys();
        let found = issues.find(|id| shown(&self.jira, **id).is_some() && self.scope.lists(&self.jira, **id));
        Ok(found.filter(|_| !self.sees_nothing()).map(ToString::to_string))
    }

    fn scope_form(&self) -> String {
        format!("even projects: {}", self.scope.even_projects)
    }

    fn content_form(&self) -> Option<String> {
        None
    }

    fn unavailable(&self) -> Option<&'static str> {
        None
    }

    fn requests(&self) -> u64 {
        self.requests.load(SeqCst)
    }
}
