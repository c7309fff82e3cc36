//! Reads the comments and worklogs of an issue completely, page after page.
//!
//! Leaving out restricted ones is left to the callers.

use serde_json::Value;

use crate::client::JiraClient;
use crate::dialect::{ChildPage, cloud, data_center};
use crate::error::JiraError;
use crate::lenient;
use crate::offset_rows::{OffsetRows, Step};
use crate::transport::Request;

impl JiraClient {
    /// All comments of an issue that the account may see, as Jira sent them, oldest first on Cloud.
    pub async fn comments(&self, issue_id: u64) -> Result<Vec<Value>, JiraError> {
        if self.edition().is_cloud() {
            self.children(|start_at| cloud::comments(issue_id, start_at)).await
        } else {
            self.children(|start_at| data_center::comments(issue_id, start_at))
                .await
        }
    }

    /// All worklogs of an issue that the account may see, as Jira sent them.
    pub async fn worklogs(&self, issue_id: u64) -> Result<Vec<Value>, JiraError> {
        if self.edition().is_cloud() {
            return self.children(|start_at| cloud::worklogs(issue_id, start_at)).await;
        }
        let request = data_center::worklogs(issue_id);
        let page: ChildPage = self.transport.json(&request).await?;
        if page.total.is_some_and(|total| total > page.rows.len() as u64) {
            return Err(self.broken_page(&request, "fewer worklogs came than are announced"));
        }
        Ok(page.rows)
    }

    async fn children(&self, request_from: impl Fn(u64) -> Request) -> Result<Vec<Value>, JiraError> {
        let mut place = OffsetRows::default();
        let mut children = Vec::new();
        loop {
            let request = request_from(place.start_at());
            let page: ChildPage = self.transport.json(&request).await?;
            let ids: Option<Vec<u64>> = page.rows.iter().map(|row| lenient::id_of(row.get("id")?)).collect();
            let ids = ids.ok_or_else(|| self.broken_page(&request, "a row has no readable id"))?;
            let end = place.start_at() + ids.len() as u64;
            match place.take(&ids, page.total.map(|total| end < total), page.start_at) {
                Step::Rows { news, is_last } => {
                    let mut rows = page.rows;
                    children.extend(news.into_iter().map(|at| rows[at].take()));
                    if is_last {
                        return Ok(children);
                    }
                }
                Step::Back => tracing::debug!(start_at = place.start_at(), "rows moved during a listing, going back"),
                Step::Fault(reason) => return Err(self.broken_page(&request, reason)),
            }
        }
    }

    fn broken_page(&self, request: &Request, reason: &str) -> JiraError {
        JiraError::BadAnswer {
            request: self.transport.line(request),
            path: ".".to_owned(),
            reason: reason.to_owned(),
        }
    }
}
