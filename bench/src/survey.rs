//! Counts what a sync has to read at least, through Jira's own API: issues, attachments, child lists that are cut.
//!
//! The targets for requests are made from it; how the connector reads is of no interest here.

use anyhow::{Context as _, bail};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::jira::Jira;

/// Rows of a page; Jira gives no more when fields are asked for.
const PAGE: usize = 100;

/// Sizes of the site, as its service account sees it.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Survey {
    pub(crate) projects: u64,
    pub(crate) issues: u64,
    pub(crate) attachments: u64,
    /// Comment and worklog lists of which an issue shows only a part.
    pub(crate) cut_lists: u64,
    /// The permissions that there are to read.
    pub(crate) granted: Granted,
}

/// How much the grants of all projects name, by the fixture's own count.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Granted {
    pub(crate) users: u64,
    pub(crate) projects: u64,
    /// Pairs of a project and a role, those that only comments and restrictions of issues name included.
    pub(crate) roles: u64,
    /// Members of all groups together.
    pub(crate) memberships: u64,
}

impl Survey {
    /// Counts.
    pub(crate) async fn take(jira: &Jira) -> anyhow::Result<Self> {
        let model = jira.model().await?;
        let mut query = json!({ "jql": "key is not EMPTY", "fields": ["comment", "worklog"], "maxResults": PAGE });
        let (mut issues, mut cut_lists) = (0, 0);
        loop {
            let page = jira.rest("search/jql", &query).await?;
            let rows = page["issues"].as_array().context("a search page without issues")?;
            issues += rows.len();
            cut_lists += rows.iter().map(cut_lists_of).sum::<u64>();
            if page["isLast"] == true {
                break;
            }
            query["nextPageToken"] = page["nextPageToken"].clone();
        }
        if issues != model.issues {
            bail!(
                "a search finds {issues} issues and the fixture's model has {}",
                model.issues
            );
        }
        Ok(Self {
            projects: model.projects as u64,
            issues: model.issues as u64,
            attachments: model.attachments as u64,
            cut_lists,
            granted: Granted::deserialize(jira.control(Method::GET, "permissions/granted", None).await?)?,
        })
    }
}

fn cut_lists_of(issue: &Value) -> u64 {
    let is_cut = |field: &str, rows: &str| {
        let list = &issue["fields"][field];
        let shown = list[rows].as_array().map_or(0, Vec::len) as u64;
        list["total"].as_u64().unwrap_or(0) > shown
    };
    u64::from(is_cut("comment", "comments")) + u64::from(is_cut("worklog", "worklogs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_cut_when_it_shows_less_than_its_total() {
        let issue = json!({ "fields": {
            "comment": { "total": 21, "comments": [{}, {}] },
            "worklog": { "total": 1, "worklogs": [{}] },
        } });
        assert_eq!(cut_lists_of(&issue), 1);
        assert_eq!(cut_lists_of(&json!({ "fields": {} })), 0);
    }
}
