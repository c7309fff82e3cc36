//! Jira's answers, as the callers understand them; documents are built from these elsewhere.

use chrono::{DateTime, FixedOffset};
use serde_json::{Map, Value};

/// Who a credential belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Account {
    /// Cloud: the `accountId`.
    Cloud {
        /// Opaque, may contain `:`.
        account_id: String,
    },
    /// Server and Data Center.
    Server {
        /// Never changes (`JIRAUSER10100`); servers before 8.4 give the login here.
        key: String,
        /// The login, which an administrator can rename.
        name: String,
    },
}

impl Account {
    /// The part that identifies the account for good.
    pub fn id(&self) -> &str {
        match self {
            Self::Cloud { account_id } => account_id,
            Self::Server { key, .. } => key,
        }
    }
}

/// The account behind the credential, from `myself`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Myself {
    /// The account.
    pub account: Account,
    /// Name for people; empty when Jira hides it.
    pub display_name: String,
    /// `None` when hidden.
    pub email: Option<String>,
    /// IANA name; the zone in which Jira reads JQL date literals of this account.
    pub time_zone: Option<String>,
    /// Whether the account is active.
    pub active: bool,
}

/// `serverInfo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerInfo {
    /// The address users open; browse links start with it.
    pub base_url: String,
    /// Such as `1001.0.0-SNAPSHOT` or `10.3.2`.
    pub version: String,
    /// The numbers of the version, empty when Jira gave none.
    pub version_numbers: Vec<u64>,
    /// `deploymentType` as written: `Cloud`, `Server`; very old servers give none.
    pub deployment: Option<String>,
    /// Jira's clock, from `serverTime` or else the `Date` header.
    pub server_time: Option<DateTime<FixedOffset>>,
}

/// One entry of `field`. Names are not unique; `id` is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// `summary`, `customfield_10010`.
    pub id: String,
    /// In the language of the account.
    pub name: String,
    /// Whether an administrator (or app) made it.
    pub custom: bool,
    /// Absent for some system fields.
    pub schema: Option<FieldSchema>,
}

/// The type of a field's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSchema {
    /// `string`, `array`, `option`, `user`, `any`, ...
    pub r#type: String,
    /// Type of the elements of an array.
    pub items: Option<String>,
    /// Type key of a custom field, such as `com.pyxis.greenhopper.jira:gh-sprint`.
    pub custom: Option<String>,
    /// Name of a system field.
    pub system: Option<String>,
}

/// Which projects to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProjectStatus {
    /// Projects in use.
    Live,
    /// Archived ones and, on Cloud, those in the bin.
    ArchivedOrDeleted,
}

/// A project.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Never changes.
    pub id: u64,
    /// Can be renamed.
    pub key: String,
    /// Can be renamed.
    pub name: String,
    /// The whole object as received, with description, lead and url.
    pub raw: Map<String, Value>,
}

/// One row of an id listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssueHead {
    /// Never changes, unlike the key.
    pub id: u64,
    /// When it was asked for and readable; `None` means unknown.
    pub updated: Option<DateTime<FixedOffset>>,
}

/// An issue with the fields that were asked for, as Jira sent them (wiki text as strings).
#[derive(Debug, Clone, PartialEq)]
pub struct Issue {
    /// Never changes.
    pub id: u64,
    /// The key it has now, also when it was moved.
    pub key: String,
    /// Raw values by field id.
    pub fields: Map<String, Value>,
}

/// The answer to a fetch: every id that was asked for is in exactly one of the three lists.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FetchedIssues {
    /// Readable issues.
    pub issues: Vec<Issue>,
    /// Issues that exist as far as one knows but could not be read now, with Jira's reason: try again later.
    pub failed: Vec<(u64, String)>,
    /// Neither given nor named as failed: deleted, or hidden from this account.
    pub absent: Vec<u64>,
}

/// Names the file and its address, for a download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRef {
    /// Attachment id.
    pub id: String,
    /// Name as shown in Jira; may repeat inside an issue.
    pub filename: String,
    /// Length in bytes according to the issue.
    pub size: u64,
    /// `content` of the attachment; only its path is used, and only on Server and Data Center.
    pub content_url: Option<String>,
}
