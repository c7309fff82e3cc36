//! `jira-connector rules`: looks at sync rules, writes and validates the draft, puts it in force.

use super::context;
use super::error::CommandError;
use super::output::Output;
use super::rules_arguments::{RulesCommand, RulesConnector, RulesSet, RulesShow, RulesValidate};
use super::rules_file;
use super::rules_report::{rules_text, verdict_text};
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::rules::{self, Activation, DraftSource, FilteringRules};

pub(super) async fn run(config: &Config, command: RulesCommand, output: &Output) -> Result<(), CommandError> {
    match command {
        RulesCommand::Show(options) => show(config, options, output).await,
        RulesCommand::Set(options) => set(config, options, output).await,
        RulesCommand::Validate(options) => validate(config, options, output).await,
        RulesCommand::Activate(options) => activate(config, options, output).await,
    }
}

async fn show(config: &Config, options: RulesShow, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, options.connector.connector_id)?;
    let installation = Installation::connect(config).await?;
    if let Some(job_id) = options.job {
        let rules = rules::show_of_job(&installation, &id, &job_id).await?;
        output.result(&rules, &rules_text(&rules));
        return Ok(());
    }
    let shown = rules::show(&installation, &id).await?;
    let text = format!(
        "In force:\n{}\n\nDraft ({}):\n{}",
        rules_text(&shown.active),
        shown.draft_state.as_deref().unwrap_or("not validated"),
        rules_text(&shown.draft)
    );
    output.result(&shown, &text);
    Ok(())
}

async fn set(config: &Config, options: RulesSet, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, options.connector.connector_id)?;
    let installation = Installation::connect(config).await?;
    let source = match (options.file, options.from_job) {
        (Some(file), _) => DraftSource::Rules(rules_file::read(&file)?),
        (None, Some(job_id)) => DraftSource::Job(job_id),
        (None, None) => DraftSource::Rules(FilteringRules::default()),
    };
    let written = rules::set_draft(&installation, &id, source).await?;
    let text = format!(
        "Wrote the draft:\n{}\n\nNothing has changed for syncs yet: `rules validate` shows what it would do, `rules activate` \
         puts it in force. A running service with sync rules switched on activates a valid draft by itself.",
        rules_text(&written.draft)
    );
    output.result(&written, &text);
    Ok(())
}

async fn validate(config: &Config, options: RulesValidate, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, options.connector.connector_id)?;
    let installation = Installation::connect(config).await?;
    let rules = options.file.as_deref().map(rules_file::read).transpose()?;
    let verdict = rules::validate(&installation, &id, rules).await?;
    output.result(&verdict, &verdict_text(&verdict));
    if verdict.valid {
        Ok(())
    } else {
        Err(CommandError::Reported)
    }
}

async fn activate(config: &Config, options: RulesConnector, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, options.connector_id)?;
    let installation = Installation::connect(config).await?;
    let activation = rules::activate(&installation, &id).await?;
    match &activation {
        Activation::Refused(verdict) => {
            let text = format!("{}\n\nNothing was activated.", verdict_text(verdict));
            output.result(&activation, &text);
            Err(CommandError::Reported)
        }
        Activation::Activated(rules) => {
            let text = format!(
                "In force from the next sync on, which reads everything:\n{}",
                rules_text(&rules.active)
            );
            output.result(&activation, &text);
            for warning in &rules.warnings {
                output.note(&format!("warning: {warning}"));
            }
            Ok(())
        }
    }
}
