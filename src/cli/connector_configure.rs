//! `jira-connector connector configure`: changes values of a connector's configuration.
//!
//! The values are judged together with those that stay, before anything is written; the service then takes the change up.

use anyhow::{Context as _, anyhow};
use elastic_client::{ConnectorRecord, ElasticError, Refresh};
use serde_json::{Value, json};

use super::connector_arguments::ConnectorConfigure;
use super::context;
use super::exit::CommandError;
use super::field_values;
use super::output::Output;
use crate::config::Config;
use crate::inbound::connectors::registration::registration;
use crate::inbound::source::JiraSettings;
use crate::inbound::source::field_definitions::SERVICE_TYPE;

pub(super) async fn configure(
    config: &Config,
    options: ConnectorConfigure,
    output: &Output,
) -> Result<(), CommandError> {
    let given = field_values::given(&options.set, "KEY=VALUE", &options.values)?;
    if given.is_empty() {
        let text = "nothing to change: give KEY=VALUE, --set-file KEY=FILE or --from-file FILE";
        return Err(CommandError::Usage(text.to_owned()));
    }
    let id = context::pick_connector(config, options.connector_id)?.connector_id;
    let client = context::connect(config).await?;
    let found = client
        .connectors()
        .get(&id)
        .await
        .context("cannot read the connector")?;
    let connector = found.ok_or_else(|| context::no_such_connector(&id))?;
    refuse_others(&id, &connector.value)?;
    // The API takes values only for fields that the record has; a new version may have more.
    let missing = registration(&connector.value);
    let mut configuration = connector.value.configuration.clone();
    if let Some(Value::Object(fields)) = missing.get("configuration") {
        configuration.extend(fields.clone());
    }
    field_values::fill(&mut configuration, &given);
    let checked = JiraSettings::from_configuration(&configuration);
    if let Err(invalid) = &checked {
        let ours = |key: &str| given.contains_key(key);
        let wrong: Vec<String> = invalid
            .problems
            .iter()
            .filter(|problem| ours(problem.key))
            .map(ToString::to_string)
            .collect();
        // What is still missing may follow; what was just given has to be right.
        if !wrong.is_empty() {
            return Err(CommandError::Usage(format!(
                "nothing was changed: {}",
                wrong.join("; ")
            )));
        }
    }
    if missing.contains_key("configuration") {
        match client
            .connectors()
            .update_if_unchanged(&connector, &Value::Object(missing), Refresh::None)
            .await
        {
            Ok(_) | Err(ElasticError::VersionConflict { .. }) => {}
            Err(error) => return Err(anyhow!(error).context("cannot register the fields").into()),
        }
    }
    client
        .connectors()
        .update_configuration_values(&id, &given)
        .await
        .context("cannot change the configuration")?;
    let changed: Vec<&String> = given.keys().collect();
    let still_missing = checked.err().map(|invalid| invalid.to_string());
    let mut text = format!(
        "Changed {} of connector {id}. Jobs that wait already keep the earlier values.",
        given.keys().cloned().collect::<Vec<_>>().join(", ")
    );
    if let Some(missing) = &still_missing {
        text += &format!("\nNot complete yet: {missing}");
    }
    let result = json!({ "connector_id": id, "changed": changed, "configured": still_missing.is_none() });
    output.result(&result, &text);
    Ok(())
}

fn refuse_others(id: &str, record: &ConnectorRecord) -> Result<(), CommandError> {
    match record.service_type.as_deref() {
        None | Some(SERVICE_TYPE) => Ok(()),
        Some(other) => Err(CommandError::Usage(format!(
            "connector {id} is of service type {other}; only connectors of type {SERVICE_TYPE} can be configured here"
        ))),
    }
}
