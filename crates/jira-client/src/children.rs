//! Reads the comments and worklogs of an issue completely, page after page.
//!
//! Leaving out restricted ones is left to the callers.

use std::collections::HashSet;

use serde_json::Value;

use crate::client::JiraClient;
use crate::dialect::{CommentPage, WorklogPage, cloud, data_center};
use crate::error::JiraError;
use crate::lenient;
use crate::transport::Request;

impl JiraClient {
    /// All comments of an issue that the account may see, as Jira sent them, oldest first on Cloud.
    pub async fn comments(&self, issue_id: u64) -> Result<Vec<Value>, JiraError> {
        let mut children = Children::default();
        while !children.complete {
            let request = if self.edition().is_cloud() {
                cloud::comments(issue_id, children.received)
            } else {
                data_center::comments(issue_id, children.received)
            };
            let page: CommentPage = self.transport.json(&request).await?;
            self.add(&mut children, page.comments, page.total, &request)?;
        }
        Ok(children.rows)
    }

    /// All worklogs of an issue that the account may see, as Jira sent them.
    pub async fn worklogs(&self, issue_id: u64) -> Result<Vec<Value>, JiraError> {
        if !self.edition().is_cloud() {
            let page: WorklogPage = self.transport.json(&data_center::worklogs(issue_id)).await?;
            return Ok(page.worklogs);
        }
        let mut children = Children::default();
        while !children.complete {
            let request = cloud::worklogs(issue_id, children.received);
            let page: WorklogPage = self.transport.json(&request).await?;
            self.add(&mut children, page.worklogs, page.total, &request)?;
        }
        Ok(children.rows)
    }

    fn add(
        &self,
        children: &mut Children,
        rows: Vec<Value>,
        total: Option<u64>,
        request: &Request,
    ) -> Result<(), JiraError> {
        let received = rows.len() as u64;
        let before = children.rows.len();
        children.received += received;
        children.complete = received == 0 || total.is_some_and(|total| children.received >= total);
        for row in rows {
            let id = row.get("id").and_then(lenient::text_of);
            // Rows move by one when a comment is deleted meanwhile; one seen on both sides of a page is kept once.
            if id.is_none_or(|id| children.seen.insert(id)) {
                children.rows.push(row);
            }
        }
        if received > 0 && children.rows.len() == before {
            return Err(JiraError::RepeatedToken {
                request: self.transport.line(request),
                what: "page",
            });
        }
        Ok(())
    }
}

#[derive(Default)]
struct Children {
    rows: Vec<Value>,
    seen: HashSet<String>,
    received: u64,
    complete: bool,
}
