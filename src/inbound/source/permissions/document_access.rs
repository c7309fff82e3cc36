//! The tokens of the documents of one sync, made from schemes read once and from the fields of each issue.

use std::collections::BTreeSet;

use jira_client::{Issue, JiraClient, JiraError, Project as JiraProject};
use serde_json::Value;
use sync_engine::access_control::{
    DocumentTokens, IssueFacts, Known, Relation, Restriction, SecurityLevel, Site, Token,
};

use super::denial::known;
use super::facts;
use super::levels::unlisted_level;
use super::role_names::RoleNames;
use super::schemes::read_schemes;

const ROLE_NAMES_CURE: &str = "their names cannot be read, so comments and worklogs for a role that Jira names without its \
                               id are for nobody; give the account that Jira is read with the global permission \
                               \"Administer Jira\"";

/// The permissions that documents of one sync depend on.
#[derive(Debug)]
pub struct DocumentAccess {
    site: Site,
    public: BTreeSet<Token>,
    relations: BTreeSet<Relation>,
    roles: Known<RoleNames>,
    cloud: bool,
    per_issue: bool,
}

/// The readers of one issue.
#[derive(Debug, Clone)]
pub struct AccessOfIssue {
    /// Tokens of the issue and its public parts.
    pub tokens: DocumentTokens,
    /// The missing information, when nobody may see it for lack of it.
    pub denied: Option<String>,
    project: Option<u64>,
}

impl DocumentAccess {
    /// Reads the schemes of these projects. `per_issue`: an access control sync asks Jira about each issue whose readers no
    /// list tells.
    pub async fn read(client: &JiraClient, projects: &[JiraProject], per_issue: bool) -> Result<Self, JiraError> {
        let site = read_schemes(client, projects).await?;
        let roles = known(client.project_roles().await)?.map(RoleNames::of);
        let roles = roles.with_cure(ROLE_NAMES_CURE);
        Ok(Self {
            public: site.public_tokens(),
            relations: site.relations(),
            site,
            roles,
            cloud: client.edition().is_cloud(),
            per_issue,
        })
    }

    /// Names everything that the tokens of documents depend on besides their issues. When it changes, documents have to
    /// be written again.
    pub fn form(&self) -> String {
        let fields: Vec<String> = self.relations.iter().map(ToString::to_string).collect();
        let per_issue = if self.per_issue { ",per_issue" } else { "" };
        format!("2:{}{per_issue}", fields.join(","))
    }

    /// The schemes and levels that were read.
    pub fn site(&self) -> &Site {
        &self.site
    }

    /// Everything that is denied because it could not be read, in words.
    pub fn unreadable(&self) -> Vec<String> {
        let mut all: Vec<String> = self.site.gaps().into_iter().map(|gap| gap.text).collect();
        all.extend(self.roles.reason().map(|reason| format!("project roles: {reason}")));
        all
    }

    /// The document of a project.
    pub fn project(&self, id: u64) -> DocumentTokens {
        DocumentTokens::project(id).with_public(&self.public)
    }

    /// A document for those who may browse a whole project.
    pub fn browsers(&self, project: u64) -> DocumentTokens {
        DocumentTokens::browsers(project).with_public(&self.public)
    }

    /// Whether it is known who may browse this project.
    pub fn knows(&self, project: u64) -> bool {
        let known = self.site.projects.get(&project);
        known.is_some_and(|project| project.browse.reason().is_none())
    }

    /// The document of an issue. Where no list tells its readers and the settings say so, the next access control sync asks
    /// Jira who they are, and each later one asks again.
    pub fn issue(&self, issue: &Issue) -> AccessOfIssue {
        let Some(facts) = facts::of_issue(&issue.fields, &self.relations) else {
            return AccessOfIssue {
                tokens: DocumentTokens::nobody(),
                denied: Some("it does not say which project it is in".to_owned()),
                project: None,
            };
        };
        let mut access = AccessOfIssue {
            tokens: DocumentTokens::issue(&facts).with_public(&self.public),
            denied: self.undetermined(&facts),
            project: Some(facts.project),
        };
        if access.denied.is_some() && self.per_issue {
            let facts = facts::fingerprint(&issue.fields);
            access.tokens = access.tokens.with_readers_of(issue.id, &facts);
            access.denied = None;
        }
        access
    }

    /// A restricted comment or worklog of an issue.
    pub fn entry(&self, issue: &AccessOfIssue, entry: &Value) -> DocumentTokens {
        let Some(project) = issue.project else {
            return DocumentTokens::nobody();
        };
        let none = RoleNames::default();
        let conditions = facts::of_entry(entry, self.roles.read().unwrap_or(&none), project);
        conditions.iter().fold(issue.tokens.clone(), |tokens, condition| {
            tokens.restricted_to(condition, project)
        })
    }

    fn undetermined(&self, facts: &IssueFacts) -> Option<String> {
        let Some(project) = self.site.projects.get(&facts.project) else {
            return Some("its project was not among those listed".to_owned());
        };
        if let Some(reason) = project.browse.reason() {
            return Some(format!("project {}: {reason}", project.key));
        }
        if facts.restriction == Restriction::Unreadable {
            return Some("its restriction is of a kind that is not known".to_owned());
        }
        match facts.security {
            SecurityLevel::None => None,
            SecurityLevel::Unreadable => Some("its security level has no id".to_owned()),
            SecurityLevel::Level(id) if !project.levels.contains(&id) => {
                let why = unlisted_level(self.cloud, !self.site.levels.is_empty());
                Some(format!("security level {id} in project {}: {why}", project.key))
            }
            SecurityLevel::Level(id) => {
                let reason = self.site.levels.get(&id).and_then(|members| members.reason());
                reason.map(|reason| format!("security level {id}: {reason}"))
            }
        }
    }
}
