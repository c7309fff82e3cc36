//! Writes drafts of sync rules, validates them and puts them in force.

use elastic_client::FilteringRules;
use serde::Serialize;

use super::draft::draft_body;
use super::target::Target;
use super::verdict::Verdict;
use super::view::RuleSetView;
use crate::operations::error::{Doing as _, OperationError};
use crate::operations::installation::Installation;

/// The origin of a new draft.
#[derive(Debug, Clone)]
pub enum DraftSource {
    /// These rules; none at all is allowed.
    Rules(FilteringRules),
    /// The rules that this job ran under.
    Job(String),
}

/// A draft that was written.
#[derive(Debug, Clone, Serialize)]
pub struct WrittenDraft {
    /// Of which connector.
    pub connector_id: String,
    /// Its rules now.
    pub draft: RuleSetView,
}

/// Rules that were put in force.
#[derive(Debug, Clone, Serialize)]
pub struct ActivatedRules {
    /// Of which connector.
    pub connector_id: String,
    /// The rules from the next sync on.
    pub active: RuleSetView,
    /// Oddities that forbid nothing.
    pub warnings: Vec<String>,
}

/// The outcome for a draft.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum Activation {
    /// It is in force.
    Activated(ActivatedRules),
    /// It is not valid; nothing was activated.
    Refused(Verdict),
}

/// Writes the draft. For syncs nothing changes until it is activated.
pub async fn set_draft(
    installation: &Installation<'_>,
    connector_id: &str,
    source: DraftSource,
) -> Result<WrittenDraft, OperationError> {
    let target = Target::find(installation, connector_id).await?;
    let rules = match source {
        DraftSource::Rules(rules) => rules,
        DraftSource::Job(job_id) => target.of_job(&job_id).await?,
    };
    let connectors = installation.client.connectors();
    let written = connectors
        .update_filtering_draft(connector_id, &draft_body(&rules))
        .await;
    written.doing("cannot write the draft")?;
    Ok(WrittenDraft {
        connector_id: connector_id.to_owned(),
        draft: RuleSetView::from(&rules),
    })
}

/// Checks the draft, or other rules in its place, against Jira and the index. Changes nothing.
pub async fn validate(
    installation: &Installation<'_>,
    connector_id: &str,
    rules: Option<FilteringRules>,
) -> Result<Verdict, OperationError> {
    let target = Target::find(installation, connector_id).await?;
    let rules = rules.unwrap_or_else(|| target.draft());
    let found = target.check(&rules).await?;
    let effect = target.effect(&found).await?;
    Ok(Verdict::new(RuleSetView::from(&rules), &found, effect.as_ref()))
}

/// Validates the draft, notes the verdict in the record, and puts a valid draft in force.
pub async fn activate(installation: &Installation<'_>, connector_id: &str) -> Result<Activation, OperationError> {
    let target = Target::find(installation, connector_id).await?;
    let rules = target.draft();
    let found = target.check(&rules).await?;
    let connectors = installation.client.connectors();
    let noted = connectors
        .update_filtering_validation(connector_id, &found.to_record())
        .await;
    noted.doing("cannot write the verdict on the draft")?;
    let view = RuleSetView::from(&rules);
    if !found.is_valid() {
        return Ok(Activation::Refused(Verdict::new(view, &found, None)));
    }
    let activated = connectors.activate_filtering(connector_id).await;
    activated.doing("cannot activate the draft")?;
    Ok(Activation::Activated(ActivatedRules {
        connector_id: connector_id.to_owned(),
        active: view,
        warnings: found.warnings,
    }))
}
