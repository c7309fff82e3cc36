//! Draft sync rules of connectors: validated, and put in force when they are valid. What a valid rule is, is left to
//! `rule_validation`.

use std::time::Duration;

use elastic_client::{ElasticClient, ElasticError, FilteringRules, ValidationState};
use tracing::{info, warn};

use super::rule_validation::{RuleValidation, validate_rules};
use crate::clients::USER_AGENT;
use crate::config::JiraLimits;
use crate::coordination::records::Written;
use crate::inbound::source::{JiraSettings, Login, LoginError};

/// A Jira that does not answer must not hold up the schedules.
const PATIENCE: Duration = Duration::from_secs(60);

/// Validates an edited draft and activates it when nothing is wrong with it. A draft that was judged before is left
/// alone until somebody edits it again; one that Jira could not be asked about is tried again in the next pass.
pub(crate) async fn pass(client: &ElasticClient, connector_id: &str, limits: &JiraLimits) -> Result<(), ElasticError> {
    let Some(connector) = client.connectors().get(connector_id).await? else {
        return Ok(());
    };
    let Some(filtering) = connector.value.filtering.first() else {
        return Ok(());
    };
    if filtering.draft.validation_state != Some(ValidationState::Edited) {
        return Ok(());
    }
    let Ok(settings) = JiraSettings::from_configuration(&connector.value.configuration) else {
        return Ok(());
    };
    let found = match tokio::time::timeout(PATIENCE, validate(settings, limits, &filtering.draft)).await {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            warn!(connector.id = connector_id, error = %error, "cannot ask jira about the draft of the sync rules; trying again");
            return Ok(());
        }
        Err(_) => {
            warn!(
                connector.id = connector_id,
                "jira did not answer about the draft of the sync rules; trying again"
            );
            return Ok(());
        }
    };
    let judged = client
        .connectors()
        .judge_filtering_draft(&connector, &found.to_record(), found.is_valid())
        .await;
    match Written::of(judged)? {
        Written::Applied(_) => info!(
            connector.id = connector_id,
            problems = found.problems.len(),
            "judged the draft of the sync rules"
        ),
        // Someone edited it meanwhile: what was judged is not what stands there now.
        Written::Conflict | Written::Unknown => {}
    }
    Ok(())
}

async fn validate(
    settings: JiraSettings,
    limits: &JiraLimits,
    draft: &FilteringRules,
) -> Result<RuleValidation, LoginError> {
    let login = Login::new(settings, limits, USER_AGENT).await?;
    validate_rules(&login, draft).await
}
