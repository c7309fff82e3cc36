//! Lists projects: pages on Cloud, one array on Server and Data Center.
//!
//! Choosing among the projects is left to the callers.

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::dialect::{self, ProjectPage, cloud, data_center};
use crate::error::JiraError;
use crate::lenient;
use crate::listing::{Next, PageOf, Progress};
use crate::model::{Project, ProjectStatus};
use crate::offset_rows::{OffsetRows, Step};
use crate::transport::{Request, Transport};

/// A listing of projects; each call of [`next_page`](Self::next_page) asks Jira for one page.
#[derive(Debug)]
pub struct ProjectListing {
    transport: Arc<Transport>,
    status: ProjectStatus,
    /// Which of the statuses is being listed.
    status_index: usize,
    place: OffsetRows,
    progress: Progress,
}

impl ProjectListing {
    pub(crate) fn new(transport: Arc<Transport>, status: ProjectStatus) -> Self {
        Self {
            transport,
            status,
            status_index: 0,
            place: OffsetRows::default(),
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
        loop {
            let request = cloud::projects(statuses[self.status_index], self.place.start_at());
            let page: ProjectPage = self.transport.json(&request).await?;
            let projects = self.projects(page.values, &request)?;
            let ids: Vec<u64> = projects.iter().map(|project| project.id).collect();
            match self
                .place
                .take(&ids, page.is_last.map(|is_last| !is_last), page.start_at)
            {
                Step::Rows { news, is_last } => {
                    if is_last {
                        self.status_index += 1;
                        self.place = OffsetRows::default();
                    }
                    let mut projects: Vec<Option<Project>> = projects.into_iter().map(Some).collect();
                    let rows = news.into_iter().filter_map(|at| projects[at].take()).collect();
                    return Ok(PageOf {
                        rows,
                        is_last: self.status_index == statuses.len(),
                    });
                }
                Step::Back => tracing::debug!(start_at = self.place.start_at(), "projects moved, going back"),
                Step::Fault(reason) => {
                    return Err(JiraError::BadAnswer {
                        request: self.transport.line(&request),
                        path: ".".to_owned(),
                        reason: reason.to_owned(),
                    });
                }
            }
        }
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
