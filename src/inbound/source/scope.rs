//! Resolves the projects of a sync against Jira, and writes the JQL that selects their issues.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use jira_client::{ErrorKind, JiraClient, JiraError, Next, Project, ProjectStatus};
use sync_engine::sync::IssueSelection;
use sync_engine::sync::document::fingerprint;
use sync_engine::sync_rules::AdvancedRules;
use tracing::warn;

use super::jql_quote::quote;
use super::jql_time::JqlTime;
use super::login_error::{LoginError, UnknownProjects};
use super::settings::ProjectScope;
use super::touched_projects;

/// Finds every issue, on servers that understand it.
const EVERYTHING: &str = "key IS NOT EMPTY";

/// How the issues of all projects are asked for.
#[derive(Debug, Clone, Copy)]
enum All {
    ByKey,
    ByProject,
}

/// The projects in scope, every one of them seen in Jira.
#[derive(Debug)]
pub struct ResolvedScope {
    /// The projects.
    pub projects: Vec<Project>,
    /// None when the configuration names projects, or rules decide.
    all: Option<All>,
    /// One query for all advanced rules, in brackets; it takes the place of the projects.
    rules: Option<String>,
}

impl ResolvedScope {
    /// Lists the projects and picks the configured ones. A configured key that is not in the list is asked for by
    /// itself: Jira still answers to the former key of a renamed project.
    pub async fn resolve(client: &JiraClient, scope: &ProjectScope) -> Result<Self, LoginError> {
        let listed = list(client, ProjectStatus::Live).await?;
        let ProjectScope::Keys(keys) = scope else {
            let all = if finds_everything(client, &listed).await? {
                All::ByKey
            } else {
                All::ByProject
            };
            return Ok(Self {
                projects: listed,
                all: Some(all),
                rules: None,
            });
        };
        let mut by_key: BTreeMap<String, Project> = listed.into_iter().map(|p| (p.key.clone(), p)).collect();
        let mut picked: BTreeMap<u64, Project> = BTreeMap::new();
        let mut unknown = Vec::new();
        for key in keys {
            let found = match by_key.remove(key) {
                Some(project) => Some(project),
                None if picked.values().any(|project| project.key == *key) => continue,
                None => client.project(key).await?,
            };
            match found {
                Some(project) => drop(picked.insert(project.id, project)),
                None => unknown.push(format!("\"{key}\"")),
            }
        }
        if !unknown.is_empty() {
            return Err(UnknownProjects {
                keys: unknown.join(", "),
            }
            .into());
        }
        Ok(Self {
            projects: picked.into_values().collect(),
            all: None,
            rules: None,
        })
    }

    /// The scope of advanced rules: what they find, and the projects which that is in. Configured projects do not count.
    pub async fn of_rules(client: &JiraClient, rules: &AdvancedRules) -> Result<Self, LoginError> {
        let listed = list(client, ProjectStatus::Live).await?;
        let jql = rules.jql();
        Ok(Self {
            projects: touched_projects::find(client, &jql, listed).await?,
            all: None,
            rules: Some(jql),
        })
    }

    /// Whether advanced rules decide what is in scope.
    pub fn is_by_rules(&self) -> bool {
        self.rules.is_some()
    }

    /// Whether every project is in scope.
    pub fn is_all(&self) -> bool {
        self.all.is_some()
    }

    /// Whether a project is in scope, by its numeric id.
    pub(super) fn has(&self, project: u64) -> bool {
        self.projects.iter().any(|known| known.id == project)
    }

    /// Names what somebody decided to sync; projects that come and go do not change it when all are in scope.
    pub(super) fn form(&self) -> String {
        if self.is_by_rules() {
            return "rules".to_owned();
        }
        if self.is_all() {
            return "all".to_owned();
        }
        let mut ids: Vec<String> = self.projects.iter().map(|project| project.id.to_string()).collect();
        ids.sort_unstable();
        format!("projects:{:016x}", fingerprint(&ids.join(",")))
    }

    /// The issues in scope, without ORDER BY.
    pub fn jql(&self) -> String {
        if let Some(rules) = &self.rules {
            return rules.clone();
        }
        if matches!(self.all, Some(All::ByKey)) {
            return EVERYTHING.to_owned();
        }
        let keys: Vec<String> = self.projects.iter().map(|project| quote(&project.key)).collect();
        format!("project in ({})", keys.join(","))
    }

    /// The selected issues in scope, without ORDER BY.
    pub(super) fn select(&self, selection: &IssueSelection, time: &JqlTime) -> String {
        match selection {
            IssueSelection::All => self.jql(),
            IssueSelection::Since { created, updated } => {
                let (created, updated) = (time.not_after(*created), time.not_after(*updated));
                format!("{} AND (created >= {created} OR updated >= {updated})", self.jql())
            }
            IssueSelection::Sprints(ids) => {
                let listed: Vec<String> = ids.iter().map(u64::to_string).collect();
                format!("{} AND sprint in ({})", self.jql(), listed.join(","))
            }
            IssueSelection::Projects(ids) => {
                let wanted = self.projects.iter().filter(|project| ids.contains(&project.id));
                let keys: Vec<String> = wanted.map(|project| quote(&project.key)).collect();
                let projects = format!("project in ({})", keys.join(","));
                match &self.rules {
                    Some(rules) => format!("{rules} AND {projects}"),
                    None => projects,
                }
            }
        }
    }

    /// The issues in scope that changed at or after an instant, without ORDER BY.
    pub(super) fn changed_since(&self, since: DateTime<Utc>, time: &JqlTime) -> String {
        format!("{} AND updated >= {}", self.jql(), time.not_after(since))
    }
}

/// Whether the server understands the query for everything: some refuse it, some fail at it, some find nothing by it.
async fn finds_everything(client: &JiraClient, projects: &[Project]) -> Result<bool, JiraError> {
    if client.edition().is_cloud() || projects.is_empty() {
        return Ok(true);
    }
    match client.approximate_count(EVERYTHING).await {
        Ok(count) => Ok(count > 0),
        Err(error) if error.kind() == ErrorKind::BadRequest || error.status() == Some(500) => {
            warn!(error = %error, "jira refused the query for all issues; asking for them by project");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Every project of this status; an error unless the listing arrived whole.
pub(super) async fn list(client: &JiraClient, status: ProjectStatus) -> Result<Vec<Project>, JiraError> {
    let mut listing = client.projects(status);
    let mut projects = Vec::new();
    while let Next::Page(page) = listing.next_page().await? {
        projects.extend(page);
    }
    Ok(projects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_quoted_because_some_are_reserved_words() {
        let project = |id, key: &str| Project {
            id,
            key: key.into(),
            name: key.into(),
            raw: serde_json::Map::new(),
        };
        let scope = ResolvedScope {
            projects: vec![project(1, "AND"), project(2, "A\"B")],
            all: None,
            rules: None,
        };
        assert_eq!(scope.jql(), r#"project in ("AND","A\"B")"#);
    }
}
