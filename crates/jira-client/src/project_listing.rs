//! Lists projects: pages on Cloud, one array on Server and Data Center.
//!
//! Choosing among the projects is left to the callers.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::dialect::{self, ProjectPage, cloud, data_center};
use crate::error::JiraError;
use crate::lenient;
use crate::listing::{Next, PageOf, Progress};
use crate::model::{Project, ProjectStatus};
use crate::transport::{Request, Transport};

/// A listing of projects; each call of [`next_page`](Self::next_page) asks Jira for one page.
#[derive(Debug)]
pub struct ProjectListing {
    transport: Arc<Transport>,
    status: ProjectStatus,
    /// Which of the statuses is being listed.
    status_index: usize,
    start_at: u64,
    seen: HashSet<u64>,
    progress: Progress,
}

impl ProjectListing {
    pub(crate) fn new(transport: Arc<Transport>, status: ProjectStatus) -> Self {
        Self {
            transport,
            status,
            status_index: 0,
            start_at: 0,
            seen: HashSet::new(),
            progress: Progress::default(),
        }
    }

    /// The next page, or the end once all arrived. After an error the listing stays broken.
    pub async fn next_page(&mut self) -> Result<Next<Project>, JiraError> {
        if let Some(settled) = self.progress.settled() {
            return settled.map(Next::End);
        }
        let page = if self.transport.config.edition.is_cloud() {
            self.cloud_page().await
        } else {
            self.whole_array().await
        };
        self.progress.record(page)
    }

    async fn cloud_page(&mut self) -> Result<PageOf<Project>, JiraError> {
        let statuses = cloud::project_statuses(self.status);
        let request = cloud::projects(statuses[self.status_index], self.start_at);
        let page: ProjectPage = self.transport.json(&request).await?;
        let received = page.values.len() as u64;
        let rows = self.projects(page.values, &request)?;
        let line = self.transport.line(&request);
        let status_ends = match page.is_last {
            Some(is_last) => is_last,
            None => received == 0,
        };
        if !status_ends && rows.iter().all(|project| !self.seen.insert(project.id)) {
            // Without a project that is new, the next request would be this one again, for ever.
            return Err(JiraError::RepeatedToken {
                request: line,
                what: "page",
            });
        }
        self.start_at += received;
        if status_ends {
            self.status_index += 1;
            self.start_at = 0;
        }
        Ok(PageOf {
            rows,
            is_last: self.status_index == statuses.len(),
        })
    }

    async fn whole_array(&mut self) -> Result<PageOf<Project>, JiraError> {
        let archived_wanted = self.status == ProjectStatus::ArchivedOrDeleted;
        let request = data_center::projects(archived_wanted);
        let mut values: Vec<Map<String, Value>> = self.transport.json(&request).await?;
        let is_archived = |raw: &Map<String, Value>| raw.get("archived").and_then(lenient::flag_of) == Some(true);
        values.retain(|raw| is_archived(raw) == archived_wanted);
        Ok(PageOf {
            rows: self.projects(values, &request)?,
            is_last: true,
        })
    }

    fn projects(&self, values: Vec<Map<String, Value>>, request: &Request) -> Result<Vec<Project>, JiraError> {
        let line = self.transport.line(request);
        values.into_iter().map(|raw| dialect::project(raw, &line)).collect()
    }
}
