//! `jira-connector rules`: looks at sync rules, writes and validates the draft, puts it in force.

use anyhow::{Context as _, anyhow};
use elastic_client::{ConnectorRecord, ElasticClient, ElasticError, FilteringRules};
use serde_json::{Value, json};
use sync_engine::sync_rules::Effect;

use super::context;
use super::exit::CommandError;
use super::output::Output;
use super::rules_arguments::{RulesCommand, RulesConnector, RulesSet, RulesShow, RulesValidate};
use super::rules_file;
use super::rules_report;
use crate::config::{Config, ConnectorEntry};

use crate::clients::USER_AGENT;
use crate::inbound::connectors::rule_validation::RuleValidation;
use crate::inbound::source::{JiraSettings, Login};

pub(super) async fn run(config: &Config, command: RulesCommand, output: &Output) -> Result<(), CommandError> {
    match command {
        RulesCommand::Show(options) => show(config, options, output).await,
        RulesCommand::Set(options) => set(config, options, output).await,
        RulesCommand::Validate(options) => validate(config, options, output).await,
        RulesCommand::Activate(options) => activate(config, options, output).await,
    }
}

/// A connector and how to reach it.
struct Target {
    client: ElasticClient,
    entry: ConnectorEntry,
    record: ConnectorRecord,
}

impl Target {
    async fn find(config: &Config, options: RulesConnector) -> Result<Self, CommandError> {
        let entry = context::pick_connector(config, options.connector_id)?;
        let client = context::connect(config).await?;
        let id = &entry.connector_id;
        let record = client.connectors().get(id).await.context("cannot read the connector")?;
        let record = record
            .ok_or_else(|| anyhow!("there is no connector {id}; `connector list` shows those there are"))?
            .value;
        Ok(Self { client, entry, record })
    }

    fn active(&self) -> FilteringRules {
        let first = self.record.filtering.first();
        first.map(|entry| entry.active.clone()).unwrap_or_default()
    }

    fn draft(&self) -> FilteringRules {
        let first = self.record.filtering.first();
        first.map(|entry| entry.draft.clone()).unwrap_or_default()
    }

    async fn of_job(&self, job_id: &str) -> Result<FilteringRules, CommandError> {
        let job = self
            .client
            .sync_jobs()
            .get(job_id)
            .await
            .context("cannot read the job")?;
        let job = job.ok_or_else(|| anyhow!("there is no job {job_id}"))?.value;
        if job.connector.id.as_deref() != Some(self.entry.connector_id.as_str()) {
            let id = &self.entry.connector_id;
            return Err(anyhow!("job {job_id} belongs to another connector than {id}").into());
        }
        Ok(job.connector.filtering)
    }

    async fn check(&self, config: &Config, rules: &FilteringRules) -> Result<RuleValidation, CommandError> {
        let settings = JiraSettings::from_configuration(&self.record.configuration).map_err(anyhow::Error::from)?;
        let login = Login::new(settings, &config.jira, USER_AGENT)
            .await
            .context("cannot ask Jira about the rules")?;
        let validation = crate::inbound::connectors::rule_validation::validate_rules(&login, rules).await;
        Ok(validation.context("cannot ask Jira about the rules")?)
    }

    /// What basic rules would do to the index; none when there is no index yet, or no such rules.
    async fn effect(&self, validation: &RuleValidation) -> Result<Option<Effect>, CommandError> {
        let (Some(rules), Some(index)) = (&validation.basic, &self.record.index_name) else {
            return Ok(None);
        };
        if rules.rules().is_empty() {
            return Ok(None);
        }
        let data = crate::clients::client_for_connector(&self.client, &self.entry).map_err(anyhow::Error::from)?;
        match crate::inbound::connectors::rule_validation::effect_of(&data, index, rules).await {
            Ok(effect) => Ok(Some(effect)),
            Err(ElasticError::NotFound { .. }) => Ok(None),
            Err(error) => Err(anyhow::Error::from(error).context("cannot read the index").into()),
        }
    }
}

async fn show(config: &Config, options: RulesShow, output: &Output) -> Result<(), CommandError> {
    let target = Target::find(config, options.connector).await?;
    if let Some(job_id) = options.job {
        let rules = target.of_job(&job_id).await?;
        output.result(&rules_report::rules_json(&rules), &rules_report::rules_text(&rules));
        return Ok(());
    }
    let (active, draft) = (target.active(), target.draft());
    let json = json!({ "active": rules_report::rules_json(&active), "draft": rules_report::rules_json(&draft) });
    let text = format!(
        "In force:\n{}\n\nDraft ({}):\n{}",
        rules_report::rules_text(&active),
        rules_report::state(&draft),
        rules_report::rules_text(&draft)
    );
    output.result(&json, &text);
    Ok(())
}

async fn set(config: &Config, options: RulesSet, output: &Output) -> Result<(), CommandError> {
    let target = Target::find(config, options.connector).await?;
    let rules = match (&options.file, &options.from_job) {
        (Some(file), _) => rules_file::read(file)?,
        (None, Some(job_id)) => target.of_job(job_id).await?,
        (None, None) => FilteringRules::default(),
    };
    let id = &target.entry.connector_id;
    let written = target
        .client
        .connectors()
        .update_filtering_draft(id, &rules_file::draft(&rules))
        .await;
    written.context("cannot write the draft")?;
    let text = format!(
        "Wrote the draft:\n{}\n\nNothing has changed for syncs yet: `rules validate` shows what it would do, `rules activate` \
         puts it in force. A running service with sync rules switched on activates a valid draft by itself.",
        rules_report::rules_text(&rules)
    );
    output.result(
        &json!({ "connector_id": id, "draft": rules_report::rules_json(&rules) }),
        &text,
    );
    Ok(())
}

async fn validate(config: &Config, options: RulesValidate, output: &Output) -> Result<(), CommandError> {
    let target = Target::find(config, options.connector).await?;
    let rules = match &options.file {
        Some(file) => rules_file::read(file)?,
        None => target.draft(),
    };
    let validation = target.check(config, &rules).await?;
    let effect = target.effect(&validation).await?;
    let (json, text) = rules_report::validation(&rules, &validation, effect.as_ref());
    output.result(&json, &text);
    if validation.is_valid() {
        Ok(())
    } else {
        Err(CommandError::Reported)
    }
}

async fn activate(config: &Config, options: RulesConnector, output: &Output) -> Result<(), CommandError> {
    let target = Target::find(config, options).await?;
    let rules = target.draft();
    let validation = target.check(config, &rules).await?;
    let (connectors, id) = (target.client.connectors(), &target.entry.connector_id);
    let verdict: Value = validation.to_record();
    let noted = connectors.update_filtering_validation(id, &verdict).await;
    noted.context("cannot write the verdict on the draft")?;
    if !validation.is_valid() {
        let (json, text) = rules_report::validation(&rules, &validation, None);
        output.result(&json, &format!("{text}\n\nNothing was activated."));
        return Err(CommandError::Reported);
    }
    connectors
        .activate_filtering(id)
        .await
        .context("cannot activate the draft")?;
    let text = format!(
        "In force from the next sync on, which reads everything:\n{}",
        rules_report::rules_text(&rules)
    );
    let json =
        json!({ "connector_id": id, "active": rules_report::rules_json(&rules), "warnings": validation.warnings });
    output.result(&json, &text);
    for warning in &validation.warnings {
        output.note(&format!("warning: {warning}"));
    }
    Ok(())
}
