//! The connector whose rules are meant, with what may be asked about them.

use elastic_client::{ConnectorRecord, ElasticError, FilteringRules};
use sync_engine::sync_rules::Effect;

use crate::clients::USER_AGENT;
use crate::inbound::connectors::rule_validation::{RuleValidation, effect_of, validate_rules};
use crate::inbound::source::{JiraSettings, Login};
use crate::operations::error::{Doing as _, OperationError};
use crate::operations::installation::Installation;

pub(super) struct Target<'i> {
    pub(super) installation: &'i Installation<'i>,
    pub(super) id: String,
    record: ConnectorRecord,
}

impl<'i> Target<'i> {
    pub(super) async fn find(installation: &'i Installation<'i>, id: &str) -> Result<Self, OperationError> {
        Ok(Self {
            installation,
            id: id.to_owned(),
            record: installation.connector(id).await?.value,
        })
    }

    pub(super) fn active(&self) -> FilteringRules {
        let first = self.record.filtering.first();
        first.map(|entry| entry.active.clone()).unwrap_or_default()
    }

    pub(super) fn draft(&self) -> FilteringRules {
        let first = self.record.filtering.first();
        first.map(|entry| entry.draft.clone()).unwrap_or_default()
    }

    /// The rules that a job of this connector ran under.
    pub(super) async fn of_job(&self, job_id: &str) -> Result<FilteringRules, OperationError> {
        let job = self.installation.job(job_id).await?.value;
        if job.connector.id.as_deref() != Some(self.id.as_str()) {
            return Err(OperationError::NotFound(format!(
                "job {job_id} belongs to another connector than {}",
                self.id
            )));
        }
        Ok(job.connector.filtering)
    }

    pub(super) async fn check(&self, rules: &FilteringRules) -> Result<RuleValidation, OperationError> {
        let doing = "cannot ask Jira about the rules";
        let settings = JiraSettings::from_configuration(&self.record.configuration).doing(doing)?;
        let login = Login::new(settings, &self.installation.config.jira, USER_AGENT).await;
        validate_rules(&login.doing(doing)?, rules).await.doing(doing)
    }

    /// The effect of basic rules on the index; none when there is no index yet, or no such rules.
    pub(super) async fn effect(&self, validation: &RuleValidation) -> Result<Option<Effect>, OperationError> {
        let (Some(rules), Some(index)) = (&validation.basic, &self.record.index_name) else {
            return Ok(None);
        };
        if rules.rules().is_empty() {
            return Ok(None);
        }
        let data = self.installation.data_client(&self.id)?;
        match effect_of(&data, index, rules).await {
            Ok(effect) => Ok(Some(effect)),
            Err(ElasticError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error).doing("cannot read the index"),
        }
    }
}
