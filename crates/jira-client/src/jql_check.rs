//! Asks Jira itself about queries that somebody wrote, before any issue is read through them.
//!
//! Whose queries they are, and what becomes of a wrong one, is left to the callers.

use std::collections::HashMap;

use crate::client::JiraClient;
use crate::dialect::{ParsedQueries, cloud};
use crate::error::JiraError;

/// Queries in one request to Cloud.
const PARSED_AT_ONCE: usize = 50;

/// Jira's judgement of one query, in the language of the account.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JqlVerdict {
    /// Why it cannot be searched with; empty when it can.
    pub errors: Vec<String>,
    /// Jira's warnings about the query.
    pub warnings: Vec<String>,
}

impl JiraClient {
    /// Has Jira judge queries; one verdict for each, in order.
    ///
    /// Cloud parses them (`jql/parse`, strictly: unknown fields and values are errors). Server and Data Center have no
    /// such resource, so each query is searched with for no rows, and a 400 is the verdict.
    pub async fn check_jql(&self, queries: &[&str]) -> Result<Vec<JqlVerdict>, JiraError> {
        let mut verdicts = Vec::with_capacity(queries.len());
        if !self.edition().is_cloud() {
            for query in queries {
                verdicts.push(match self.approximate_count(query).await {
                    Ok(_) => JqlVerdict::default(),
                    Err(error) => refusal(error)?,
                });
            }
            return Ok(verdicts);
        }
        for some in queries.chunks(PARSED_AT_ONCE) {
            let request = cloud::parse_jql(some);
            let answer: ParsedQueries = self.transport.json(&request).await?;
            let mut by_text: HashMap<String, JqlVerdict> = answer
                .queries
                .into_iter()
                .map(|parsed| {
                    let (errors, warnings) = (parsed.errors.unwrap_or_default(), parsed.warnings.unwrap_or_default());
                    (parsed.query, JqlVerdict { errors, warnings })
                })
                .collect();
            for query in some {
                let verdict = by_text.get_mut(*query).ok_or_else(|| JiraError::BadAnswer {
                    request: self.transport.line(&request),
                    path: "queries".to_owned(),
                    reason: "the answer lacks a query that was asked about".to_owned(),
                })?;
                verdicts.push(verdict.clone());
            }
        }
        Ok(verdicts)
    }

    /// Counts the issues that a query finds, or says why it cannot be searched with.
    pub async fn estimate_jql(&self, query: &str) -> Result<Result<u64, JqlVerdict>, JiraError> {
        match self.approximate_count(query).await {
            Ok(count) => Ok(Ok(count)),
            Err(error) => Ok(Err(refusal(error)?)),
        }
    }
}

/// Only a 400 is about the query.
fn refusal(error: JiraError) -> Result<JqlVerdict, JiraError> {
    let JiraError::BadRequest(answer) = error else {
        return Err(error);
    };
    let words = if answer.words.is_empty() {
        "Jira refuses the query without saying why".to_owned()
    } else {
        answer.words
    };
    Ok(JqlVerdict {
        errors: vec![words],
        warnings: Vec::new(),
    })
}
