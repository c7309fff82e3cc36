//! Declares the data source that the engine reads. `source` implements it for Jira.

use std::future::Future;

use chrono::{DateTime, Utc};
use thiserror::Error;
use tokio::sync::mpsc;

use super::document::{Document, DocumentKind};
use super::encoded_file::EncodedFile;
use super::listing::{CompleteListing, IssueId};

/// A data source that is logged in and ready to be read.
pub trait Source: Send + Sync + 'static {
    /// The documents of every project in scope. An error unless all of them arrived.
    fn projects(&self) -> impl Future<Output = Result<Vec<Document>, SourceError>> + Send;

    /// The documents of boards and sprints in scope, when they are wanted.
    fn boards(&self) -> impl Future<Output = Result<BoardListing, SourceError>> + Send;

    /// Asks again about boards and sprints that are indexed and missing from a complete list. The answer has one entry
    /// for each.
    fn confirm_boards(
        &self,
        missing: Vec<(DocumentKind, u64)>,
    ) -> impl Future<Output = Result<BoardAnswers, SourceError>> + Send;

    /// Jira's clock when this source was opened: every change before it is seen by what is listed from now on.
    fn opened_at(&self) -> DateTime<Utc>;

    /// Lists the ids of the selected issues, oldest creation first, and sends each id once, in batches of at most
    /// [`Source::batch_size`]. The batches may be fetched while the listing goes on; its end is the return value.
    fn list_issues(
        &self,
        selection: IssueSelection,
        batches: mpsc::Sender<Vec<IssueId>>,
    ) -> impl Future<Output = Result<CompleteListing, SourceError>> + Send;

    /// Lists the issues in scope that changed at or after an instant, with the time of their last change.
    fn list_changed(&self, since: DateTime<Utc>)
    -> impl Future<Output = Result<Vec<ChangedIssue>, SourceError>> + Send;

    /// One call of [`Source::fetch`] takes at most this many issues.
    fn batch_size(&self) -> usize;

    /// Reads these issues whole: fields, complete comments and worklogs, and what is attached.
    fn fetch(&self, ids: Vec<IssueId>) -> impl Future<Output = Result<FetchedIssues, SourceError>> + Send;

    /// Downloads an attachment, and takes its text unless the sink's pipeline does that. The file was complete: its
    /// length was compared with the size Jira names.
    fn download(&self, attachment: &PendingAttachment)
    -> impl Future<Output = Result<FileContent, SourceError>> + Send;

    /// Asks again about issues that the index has and the listing has not. The answer has one entry an id.
    fn confirm(
        &self,
        missing: Vec<MissingIssue>,
    ) -> impl Future<Output = Result<Vec<(IssueId, Confirmation)>, SourceError>> + Send;

    /// Asks again which of these projects, missing from the complete list of projects, are gone.
    fn confirm_projects(
        &self,
        missing: Vec<u64>,
    ) -> impl Future<Output = Result<Vec<(u64, Confirmation)>, SourceError>> + Send;

    /// The id of the issue that has this key or had it; none when Jira shows no such issue to this account.
    fn resolve_key(&self, key: &str) -> impl Future<Output = Result<Option<IssueId>, SourceError>> + Send;

    /// Proves that the account that listed is still the one that logged in. An expired token looks like an empty
    /// site, so nothing may be deleted before this succeeded.
    fn confirm_account(&self) -> impl Future<Output = Result<(), SourceError>> + Send;

    /// Names what the readers of documents depend on besides the documents themselves; none without document level
    /// security. When it changes, every document has to be written again.
    fn access_form(&self) -> Option<String>;

    /// An issue in scope that can be read without any search, if a few direct questions find one: for searches that find
    /// nothing at all.
    fn any_issue(&self) -> impl Future<Output = Result<Option<String>, SourceError>> + Send;

    /// Names the projects that are in scope. When it changes, issues leave the index because somebody decided so.
    fn scope_form(&self) -> String;

    /// Names what is read besides issues and what is attached to them; none when nothing is. When it changes, every
    /// document has to be written again.
    fn content_form(&self) -> Option<String>;

    /// The reason why something that is wanted is not there at all, such as a missing product.
    fn unavailable(&self) -> Option<&'static str>;

    /// Requests sent to the source so far, tries included.
    fn requests(&self) -> u64;
}

/// Jira's answers about boards and sprints that a list lacked, by kind and numeric id.
pub type BoardAnswers = Vec<((DocumentKind, u64), Confirmation)>;

/// Boards and sprints, as the source lists them.
#[derive(Debug)]
pub enum BoardListing {
    /// They are not wanted: what is indexed of them goes.
    NotWanted,
    /// These.
    Listed(Boards),
}

/// Boards and sprints.
#[derive(Debug, Default)]
pub struct Boards {
    /// Their documents.
    pub documents: Vec<Document>,
    /// Lists that failed, with the reason. When there is one, more may exist than was listed.
    pub unread: Vec<(String, String)>,
    /// Documents that nobody may see because it is not known who may.
    pub denied: u64,
}

/// Selects the issues of a listing; always within the scope of the connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssueSelection {
    /// All of them.
    All,
    /// Those created or changed at or after these instants.
    Since {
        /// Creation.
        created: DateTime<Utc>,
        /// Last change.
        updated: DateTime<Utc>,
    },
    /// Those of these projects, by numeric id.
    Projects(Vec<u64>),
    /// Those that are or were in one of these sprints, by numeric id.
    Sprints(Vec<u64>),
}

/// An issue that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedIssue {
    /// Its id.
    pub id: IssueId,
    /// When it changed last; none when Jira does not tell.
    pub updated: Option<DateTime<Utc>>,
}

/// An issue of which a part could not be read.
#[derive(Debug)]
pub struct IncompleteIssue {
    /// The missing part, and the reason.
    pub failure: ItemFailure,
    /// The document without the missing part.
    pub document: Document,
    /// Whether it has comments or worklogs that are not for all its readers: an older version may still show them.
    pub restricted: bool,
}

/// The outcome of a batch of issues. Every id asked for is in exactly one of `fetched`, `failed`,
/// `incomplete` and `absent`; `failed` may also name single items of fetched issues.
#[derive(Debug, Default)]
pub struct FetchedIssues {
    /// The documents of the issues in `fetched`, attachments excepted.
    pub documents: Vec<Document>,
    /// The attachments of the issues in `fetched`.
    pub attachments: Vec<PendingAttachment>,
    /// Other issues whose documents repeat a part of those in `fetched`: linked ones, parents, sub-tasks.
    pub neighbours: Vec<IssueId>,
    /// Issues that were read whole.
    pub fetched: Vec<IssueId>,
    /// Issues among `fetched` whose attachments Jira did not tell: what is indexed of them must stay.
    pub attachments_unknown: Vec<IssueId>,
    /// Issues that could not be read, or items of them; what is indexed of them stays.
    pub failed: Vec<ItemFailure>,
    /// Issues that could only be read in part. What is indexed of them stays too; what was read is better than nothing.
    pub incomplete: Vec<IncompleteIssue>,
    /// When the newest of the issues was created.
    pub last_created: Option<DateTime<Utc>>,
    /// Documents that nobody may see because it is not known who may.
    pub denied: u64,
    /// Issues that were listed a moment ago and that Jira does not show any more.
    pub absent: Vec<IssueId>,
}

/// One thing that could not be read although the rest could.
#[derive(Debug, Clone)]
pub struct ItemFailure {
    /// The issue that it is or belongs to.
    pub issue_id: IssueId,
    /// The item, in words for the job's record: `issue 10001`, `attachment 7 of AL-1`.
    pub item: String,
    /// The reason.
    pub reason: String,
}

/// An attachment whose metadata is known and whose content may still have to be fetched.
#[derive(Debug)]
pub struct PendingAttachment {
    /// The document without content.
    pub document: Document,
    /// File name as Jira has it.
    pub filename: String,
    /// Bytes, as Jira states them.
    pub size: u64,
    /// The address of the content, from Jira.
    pub content_url: Option<String>,
    /// The reason why the content is not wanted, if so: `larger than 10485760 bytes`, `extension .zip`.
    pub content_skipped: Option<String>,
}

/// The outcome of a download.
#[derive(Debug)]
pub enum FileContent {
    /// All of it: the sink's pipeline takes the text.
    File(EncodedFile),
    /// Its text.
    Text {
        /// The text.
        text: String,
        /// Whether there was more of it than was wanted.
        truncated: bool,
    },
    /// No text can be taken from it, and trying again changes nothing.
    NoText {
        /// Why.
        reason: String,
    },
}

/// An issue that is indexed and was not listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingIssue {
    /// Its numeric id.
    pub id: IssueId,
    /// The key it was indexed with; its project may say that it is archived.
    pub key: Option<String>,
}

/// Jira's answer about something that a listing lacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Confirmation {
    /// Jira does not show it to this account any more: deleted, or permission lost.
    Gone,
    /// It exists and is readable, and says itself that it is outside what is synced: archived, or in another project.
    OutOfScope,
    /// It exists, and somebody set it aside: its project is archived or in the bin, or the advanced rules do not find it.
    SetAside,
    /// It belongs into the listing; the listing lagged behind.
    Lagging,
    /// Jira gave no clear answer. Nothing may be concluded from it.
    Unknown(String),
}

/// Reading the source failed as a whole; single items fail as [`ItemFailure`].
#[derive(Debug, Error)]
#[error("{message}")]
pub struct SourceError {
    message: String,
    retryable: bool,
    fatal: bool,
    for_good: bool,
}

impl SourceError {
    /// An error with the text that a user will read; `retryable` when the same call may succeed later unchanged.
    pub fn new(message: impl Into<String>, retryable: bool) -> Self {
        Self {
            message: message.into(),
            retryable,
            fatal: false,
            for_good: false,
        }
    }

    /// Marks an error that concerns everything, such as a refused credential, even when a single item met it.
    pub fn fatal(self) -> Self {
        Self { fatal: true, ..self }
    }

    /// Marks an error of one item that stays until the item changes.
    pub fn for_good(self) -> Self {
        Self { for_good: true, ..self }
    }

    /// Whether the item will not be there another time either.
    pub fn is_for_good(&self) -> bool {
        self.for_good
    }

    /// Whether no single item can be skipped because of it: nothing else would be believed either.
    pub fn is_fatal(&self) -> bool {
        self.fatal
    }

    /// Whether the same call may succeed later without anyone changing anything.
    pub fn is_retryable(&self) -> bool {
        self.retryable
    }
}
