//! Names the holders of permissions. `source::permissions` reads them from Jira.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// A person or app. Cloud: the `accountId`; Server and Data Center: the user key, which survives a rename.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account(Arc<str>);

impl Account {
    /// The account of this id.
    pub fn new(id: &str) -> Self {
        Self(id.into())
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// An account is found by its id.
impl Borrow<str> for Account {
    fn borrow(&self) -> &str {
        &self.0
    }
}

/// A group. Cloud groups have an id that survives a rename; elsewhere names are all there is.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// By `groupId`.
    Id(Arc<str>),
    /// By name. Servers do not mind the case of letters and Cloud does, so each spelling is asked about as it stands.
    Name(Arc<str>),
}

impl Group {
    /// A group by its id.
    pub fn id(id: &str) -> Self {
        Self::Id(id.into())
    }

    /// A group by its name.
    pub fn name(name: &str) -> Self {
        Self::Name(name.into())
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.write_str(id),
            // Ids are UUIDs, so the mark keeps the two apart.
            Self::Name(name) => write!(f, "~{name}"),
        }
    }
}

/// The role that makes somebody a reader of a single issue.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// Reported it.
    Reporter,
    /// It is assigned to them.
    Assignee,
    /// A custom field, by id, names them or their group.
    Field(Arc<str>),
}

impl Relation {
    /// The custom field of this id.
    pub fn field(id: &str) -> Self {
        Self::Field(id.into())
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reporter => f.write_str("reporter"),
            Self::Assignee => f.write_str("assignee"),
            Self::Field(id) => f.write_str(id),
        }
    }
}

/// Whom an issue's field names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// One account.
    Account(Account),
    /// Every member of a group.
    Group(Group),
}

/// Holder of a permission, or member of a security level.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Holder {
    /// Everybody, logged in or not.
    Anyone,
    /// Everybody who is logged in.
    LoggedIn,
    /// Members of a group.
    Group(Group),
    /// Actors of a role, in the project at hand.
    Role(u64),
    /// One account.
    User(Account),
    /// Whoever may use a product, by the key of the application role.
    Application(String),
    /// The lead of the project at hand.
    ProjectLead,
    /// Whom a field of the issue names.
    Related(Relation),
    /// Members of the group that a custom field of the issue names.
    RelatedGroup(Relation),
    /// Customers through the portal, which is no access to issues.
    CustomerPortal,
    /// A kind that this version does not know: it opens nothing.
    Unknown(String),
}

/// Something that Jira told, or did not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known<T> {
    /// Read, and complete.
    Read(T),
    /// Jira does not show it to this account, for this reason and with this cure. Whatever depends on it is denied.
    Refused(String),
    /// The request failed, so another time it may be read. Until then whatever depends on it is denied.
    Failed(String),
}

impl<T> Known<T> {
    /// The value, when it could be read.
    pub fn read(&self) -> Option<&T> {
        match self {
            Self::Read(value) => Some(value),
            Self::Refused(_) | Self::Failed(_) => None,
        }
    }

    /// The reason why it could not be read.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Read(_) => None,
            Self::Refused(reason) | Self::Failed(reason) => Some(reason),
        }
    }

    /// The same with another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Read(value) => Known::Read(change(value)),
            Self::Refused(reason) => Known::Refused(reason),
            Self::Failed(reason) => Known::Failed(reason),
        }
    }

    /// The same with what helps before the words of Jira.
    #[must_use]
    pub fn with_cure(self, cure: &str) -> Self {
        match self {
            Self::Read(value) => Self::Read(value),
            Self::Refused(words) => Self::Refused(format!("{cure} ({words})")),
            Self::Failed(words) => Self::Failed(format!("{cure} ({words})")),
        }
    }
}
