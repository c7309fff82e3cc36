//! Jira behind the engine's [`Source`]: listings, batches of issues, downloads, confirmations.

use bytes::Bytes;
use jira_client::{Issue, JiraClient, JiraError, ListingEnd, Next};
use tokio::sync::mpsc;

use super::documents::{self, Attachments, DocumentContext};
use super::scope::ResolvedScope;
use super::{attachments, children, confirmation};
use crate::sync::listing::{CompleteListing, EndOfListing, IssueId, ListingBuilder};
use crate::sync::source::MissingIssue;
use crate::sync::{Confirmation, Document, FetchedIssues, ItemFailure, PendingAttachment, Source, SourceError};

/// Jira reads this many issues whole in one request.
const BATCH_SIZE: usize = 100;

/// A Jira that is logged in to, with its projects resolved.
#[derive(Debug)]
pub struct JiraSource {
    client: JiraClient,
    context: DocumentContext,
    scope: ResolvedScope,
}

impl EndOfListing for ListingEnd {
    fn rows(&self) -> u64 {
        ListingEnd::rows(self)
    }
}

impl From<JiraError> for SourceError {
    fn from(error: JiraError) -> Self {
        SourceError::new(error.to_string(), error.is_retryable())
    }
}

impl JiraSource {
    pub(super) fn new(client: JiraClient, context: DocumentContext, scope: ResolvedScope) -> Self {
        Self { client, context, scope }
    }

    /// Completes and builds one issue with its attachments.
    async fn build(&self, mut issue: Issue, batch: &mut FetchedIssues) {
        let (id, key) = (issue.id, issue.key.clone());
        if let Err(error) = children::complete(&self.client, &mut issue).await {
            let reason = error.to_string();
            batch.failed.push(ItemFailure {
                issue_id: id,
                item: format!("issue {key}"),
                reason,
            });
            return;
        }
        documents::keep_public(&mut issue.fields);
        match documents::attachments(&self.context, &issue) {
            Attachments::Listed(found, failed) => {
                if !failed.is_empty() {
                    // What could not be understood may be indexed already; it must not look detached.
                    batch.attachments_unknown.push(id);
                }
                batch.attachments.extend(found);
                batch.failed.extend(failed);
            }
            Attachments::Unknown => batch.attachments_unknown.push(id),
        }
        batch.documents.push(documents::issue(&self.context, issue));
        batch.fetched.push(id);
    }
}

impl Source for JiraSource {
    async fn projects(&self) -> Result<Vec<Document>, SourceError> {
        Ok(self
            .scope
            .projects
            .iter()
            .map(|project| documents::project(&self.context, project.clone()))
            .collect())
    }

    async fn list_issues(&self, batches: mpsc::Sender<Vec<IssueId>>) -> Result<CompleteListing, SourceError> {
        let mut builder = ListingBuilder::default();
        let mut listing = self
            .client
            .issue_ids(&format!("{} ORDER BY created ASC, key ASC", self.scope.jql()));
        builder.open_scope();
        loop {
            match listing.next_page().await? {
                Next::Page(heads) => {
                    let new = builder.page(heads.into_iter().map(|head| head.id));
                    for batch in new.chunks(BATCH_SIZE) {
                        batches
                            .send(batch.to_vec())
                            .await
                            .map_err(|_| SourceError::new("fetching stopped before the listing ended", true))?;
                    }
                }
                Next::End(end) => {
                    builder.end_scope(&end);
                    break;
                }
            }
        }
        builder
            .finish()
            .map_err(|reason| SourceError::new(format!("the listing of issues is not complete: {reason}"), true))
    }

    fn batch_size(&self) -> usize {
        BATCH_SIZE
    }

    async fn fetch(&self, ids: Vec<IssueId>) -> Result<FetchedIssues, SourceError> {
        let answer = self.client.fetch_issues(&ids, &["*all"]).await?;
        let mut batch = FetchedIssues {
            absent: answer.absent,
            ..FetchedIssues::default()
        };
        batch
            .failed
            .extend(answer.failed.into_iter().map(|(issue_id, reason)| ItemFailure {
                issue_id,
                item: format!("issue {issue_id}"),
                reason,
            }));
        for issue in answer.issues {
            self.build(issue, &mut batch).await;
        }
        Ok(batch)
    }

    async fn download(&self, attachment: &PendingAttachment) -> Result<Bytes, SourceError> {
        Ok(attachments::download(&self.client, attachment).await?)
    }

    async fn confirm(&self, missing: Vec<MissingIssue>) -> Result<Vec<(IssueId, Confirmation)>, SourceError> {
        Ok(confirmation::issues(&self.client, &self.scope.jql(), missing).await?)
    }

    async fn confirm_projects(&self, missing: Vec<u64>) -> Result<Vec<(u64, Confirmation)>, SourceError> {
        Ok(confirmation::projects(&self.client, self.scope.is_all(), missing).await?)
    }

    async fn confirm_account(&self) -> Result<(), SourceError> {
        Ok(self.client.confirm_account().await?)
    }

    fn requests(&self) -> u64 {
        self.client.stats().requests
    }
}
