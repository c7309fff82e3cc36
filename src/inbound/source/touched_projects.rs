//! Finds the projects of the issues of advanced rules. Their documents are kept; those of other projects are not.
//!
//! `sync` decides about projects that no rule touches any more.

use std::collections::BTreeMap;

use jira_client::{JiraClient, JiraError, Next, Project};

use super::jql_quote::quote;

/// Rows in one step: issues of one project mostly stand together, so more would bring the same project again.
const ROWS: u32 = 100;

/// Those of `listed` that have an issue which the query finds. Asks for issues outside the projects known so far until
/// there are none, so that the cost follows the number of projects touched.
pub(super) async fn find(client: &JiraClient, jql: &str, listed: Vec<Project>) -> Result<Vec<Project>, JiraError> {
    let mut by_key: BTreeMap<String, Project> = listed.into_iter().map(|p| (p.key.clone(), p)).collect();
    let mut touched: BTreeMap<String, Project> = BTreeMap::new();
    'ask: loop {
        let known: Vec<String> = touched.keys().map(|key| quote(key)).collect();
        let others = if known.is_empty() {
            String::new()
        } else {
            format!(" AND project not in ({})", known.join(","))
        };
        let query = format!("{jql}{others} ORDER BY created ASC, key ASC");
        let mut listing = client.issue_ids(&query).page_size(ROWS);
        while let Next::Page(rows) = listing.next_page().await? {
            let before = touched.len();
            for batch in rows.chunks(ROWS as usize) {
                let ids: Vec<u64> = batch.iter().map(|head| head.id).collect();
                for issue in client.fetch_issues(&ids, &["project"]).await?.issues {
                    // The field may be hidden, the key never is.
                    let key = issue.key.rsplit_once('-').map_or("", |(project, _)| project);
                    if touched.contains_key(key) {
                        continue;
                    }
                    let project = match by_key.remove(key) {
                        Some(project) => Some(project),
                        None => client.project(key).await?,
                    };
                    touched.extend(project.map(|project| (key.to_owned(), project)));
                }
            }
            if touched.len() > before {
                continue 'ask;
            }
        }
        return Ok(touched.into_values().collect());
    }
}
