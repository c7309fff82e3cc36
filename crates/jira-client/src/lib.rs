//! The only code that knows Jira's wire format: authentication, limits, retry, pagination, dialects of the editions.
//!
//! The callers decide what a document looks like and which issues to keep; this crate hands over what Jira sent.

mod account_proof;
mod agile;
mod children;
mod client;
mod config;
mod dialect;
mod download;
mod error;
mod fetch;
mod gateway;
mod histories;
mod issue_listing;
mod jql_check;
mod lenient;
mod listing;
mod model;
mod offset_rows;
mod people;
mod permissions;
mod permissions_answers;
mod permitted;
mod project_listing;
mod timestamp;
mod transport;
mod user;
mod write_meta;
mod writing;

pub use agile::{Board, BoardSprints, FilterShare, Sprint};
pub use client::JiraClient;
pub use config::{Auth, Edition, JiraConfig, Tls, TlsVerification};
pub use download::Download;
pub use error::{Answer, ErrorKind, JiraError, RequestLine};
pub use fetch::read_bulk_answer;
pub use gateway::gateway_address;
pub use histories::{Histories, HistoryEntry};
pub use issue_listing::IssueIdListing;
pub use jql_check::JqlVerdict;
pub use listing::{ListingEnd, Next};
pub use model::{
    Account, AttachmentRef, FetchedIssues, Field, FieldSchema, Issue, IssueHead, Myself, Project, ProjectStatus,
    ServerInfo,
};
pub use people::{GroupName, UserList};
pub use permissions::{ISSUES_OF_ONE_CHECK, ProjectRole, READERS_LOOKED_AT, RoleActor, RoleScope};
pub use permissions_answers::{HolderRow, LevelMember, SecurityLevelRow};
pub use permitted::Permitted;
pub use project_listing::ProjectListing;
pub use timestamp::parse_timestamp;
pub use transport::{ClassStats, EndpointClass, RequestStats};
pub use user::User;
pub use write_meta::{IssueType, Transition, WritableField};
pub use writing::{Created, NewIssue, StoredIssue};
