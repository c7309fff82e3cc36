//! How an issue is made, found again and brought up to date for one key.

use chrono::{DateTime, SecondsFormat, Utc};
use futures::future::BoxFuture;
use http_kit::NotDone;
use jira_client::{ErrorKind, IssueType, NewIssue};
use serde_json::{Map, Value, json};

use super::answer::{not_done, refused};
use super::comments::{Mark, PROPERTY, send};
use super::content::Content;
use super::fields::{for_creating, people};
use super::push::{answered, read, update};
use super::recovery;
use super::site::Site;
use crate::outbound::delivery::{External, Made, Making, Renewed};

/// A push of one key.
#[derive(Debug)]
pub(super) struct IssueMaking<'a> {
    pub(super) site: &'a Site,
    pub(super) content: &'a Content,
    /// What the issue carries from its first moment.
    pub(super) mark: String,
}

impl IssueMaking<'_> {
    async fn created(&self) -> Result<Made, NotDone> {
        let doing = "create incident";
        let wanted = self.content.wanted(None)?;
        let types = self.site.issue_types().await?;
        let (issue_type, mut warnings) = chosen(&types, wanted.issue_type.as_deref())?;
        let screen = match self.site.screen(&issue_type.id).await {
            Ok(screen) => screen,
            // A Data Center that tells nobody: Jira itself will say what is missing.
            Err(NotDone::Refused {
                status: 401 | 403 | 404,
                ..
            }) if !self.site.client.edition().is_cloud() => std::sync::Arc::default(),
            Err(error) => return Err(error),
        };
        let people = people(&self.site.client, &wanted, &screen).await?;
        let written = for_creating(&wanted, &screen, &people)?;
        warnings.extend(written.warnings);
        let mut fields = written.fields;
        fields.insert("project".to_owned(), json!({ "key": self.site.project }));
        fields.insert("issuetype".to_owned(), json!({ "id": issue_type.id }));
        let mark = Mark::new(&self.mark, &self.content.comments);
        let issue = NewIssue {
            fields,
            properties: Map::from_iter([(PROPERTY.to_owned(), mark.to_value())]),
        };
        let created = self.site.client.create_issue(&issue).await.map_err(|error| {
            if error.kind() == ErrorKind::BadRequest {
                self.site.forget_screens();
            }
            not_done(doing, error)
        })?;
        let sent = send(self.site, created.id, mark, &self.content.comments, true).await;
        let at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        Ok(Made {
            external: External {
                id: created.id.to_string(),
                key: created.key.clone(),
            },
            done: answered(self.site, created.id, &created.key, at, warnings, sent),
        })
    }

    async fn renewed(&self, external: &External) -> Result<Renewed, NotDone> {
        let doing = format!("get incident with id {}", external.id);
        match read(self.site, &external.id, &doing).await? {
            Some(issue) if !is_done(&issue.fields) => {
                update(self.site, self.content, issue).await.map(Renewed::Updated)
            }
            _ => Ok(Renewed::Ended),
        }
    }
}

impl Making for IssueMaking<'_> {
    fn make(&self) -> BoxFuture<'_, Result<Made, NotDone>> {
        Box::pin(self.created())
    }

    fn find(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Option<External>, NotDone>> {
        Box::pin(recovery::find(self.site, &self.mark, since))
    }

    fn update<'a>(&'a self, external: &'a External) -> BoxFuture<'a, Result<Renewed, NotDone>> {
        Box::pin(self.renewed(external))
    }
}

/// Whether an issue is closed, by the category of its status: names of statuses are everybody's own.
pub(super) fn is_done(fields: &Map<String, Value>) -> bool {
    let category = fields.get("status").and_then(|status| status.get("statusCategory"));
    category.and_then(|category| category.get("key")) == Some(&json!("done"))
}

/// The issue type that is asked for, or the plainest one, with a warning.
fn chosen<'a>(types: &'a [IssueType], wanted: Option<&str>) -> Result<(&'a IssueType, Vec<String>), NotDone> {
    if let Some(wanted) = wanted {
        let found = types.iter().find(|found| found.id == wanted);
        let found = found.or_else(|| types.iter().find(|found| found.name.eq_ignore_ascii_case(wanted)));
        return found.map(|found| (found, Vec::new())).ok_or_else(|| {
            let listed: Vec<String> = types
                .iter()
                .map(|found| format!("{} ({})", found.id, found.name))
                .collect();
            refused(format!(
                "nothing was sent: issueType {wanted} is not one of {}",
                listed.join(", ")
            ))
        });
    }
    let plain = types
        .iter()
        .find(|found| found.name.eq_ignore_ascii_case("task") && !found.is_subtask);
    let plain = plain.or_else(|| types.iter().find(|found| !found.is_subtask && !is_epic(found)));
    let plain = plain
        .or_else(|| types.iter().find(|found| !found.is_subtask))
        .or(types.first());
    let plain = plain.ok_or_else(|| refused("nothing was sent: the project has no issue types"))?;
    let warning = format!("issueType was not given: {} ({}) was taken", plain.id, plain.name);
    Ok((plain, vec![warning]))
}

fn is_epic(found: &IssueType) -> bool {
    found.name.eq_ignore_ascii_case("epic")
}
