//! `jira-connector connector create`: index, connector and API key in one step.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use elastic_client::{ConnectorStatus, ElasticClient, Refresh};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::config_file;
use super::connector_arguments::ConnectorCreate;
use super::context;
use super::exit::CommandError;
use super::field_values;
use super::interview;
use super::output::Output;
use super::prompt::{Ask as _, Terminal};
use crate::config::Config;
use crate::inbound::sink::ContentIndex;
use crate::inbound::source::JiraSettings;
use crate::inbound::source::field_definitions::{SERVICE_TYPE, definition, features};

pub(super) async fn create(config: &Config, options: ConnectorCreate, output: &Output) -> Result<(), CommandError> {
    let given = field_values::given(&options.set, "--set KEY=VALUE", &options.values)?;
    if let Some(path) = options.write_config.as_deref().filter(|path| path.exists()) {
        let text = format!("{} exists and is not overwritten; choose another file", path.display());
        return Err(CommandError::Usage(text));
    }
    let terminal = Terminal::find().filter(|_| !options.no_input);
    let index = match (&options.index_name, &terminal) {
        (Some(index), _) => index.clone(),
        (None, Some(terminal)) => terminal.text("Index that documents go to", "search-jira", false)?,
        (None, None) => {
            let text = "an index is needed, and there is no terminal to ask on: give --index-name NAME";
            return Err(CommandError::Usage(text.to_owned()));
        }
    };
    let mut configuration = definition();
    field_values::fill(&mut configuration, &given);
    match &terminal {
        Some(terminal) => interview::complete(&mut configuration, &given, terminal, &|text| output.note(text))?,
        // Somebody who gives some values means to give all; somebody who gives none means to use Kibana.
        None if !given.is_empty() => check_complete(&configuration)?,
        None => {}
    }
    let client = context::connect(config).await?;
    let exists = client
        .indices()
        .exists(&index)
        .await
        .context("cannot look for the index")?;
    if options.from_index && !exists {
        let text = format!("--from-index: there is no index {index}; without --from-index it is made");
        return Err(CommandError::Usage(text));
    }
    client
        .indices()
        .ensure_connector_indices()
        .await
        .context("cannot prepare the connector records")?;
    let mut body = json!({ "index_name": index, "name": options.name, "service_type": SERVICE_TYPE });
    if let Some(language) = &options.index_language {
        body["language"] = language.as_str().into();
    }
    let id = client
        .connectors()
        .put(options.id.as_deref(), &body)
        .await
        .context("cannot create the connector")?;
    let finished = finish(&client, &id, &index, &configuration).await;
    let api_key = match finished {
        Ok(api_key) => api_key,
        Err(error) => {
            // A connector without key or fields would only be in the way of the next try.
            let cleaned = client.connectors().delete(&id, true).await;
            let left = cleaned.err().map_or(String::new(), |error| {
                format!(" (connector {id} is left over: {error})")
            });
            return Err(error
                .context(format!("cannot finish creating the connector{left}"))
                .into());
        }
    };
    let file = config_file::whole(config, &id, &api_key);
    let written = write(config, &options, &id, &api_key, &file);
    let complete = JiraSettings::from_configuration(&configuration);
    let result = json!({
        "connector_id": id,
        "index_name": index,
        "api_key": api_key,
        "configured": complete.is_ok(),
    });
    let mut text = format!("Created connector {id} for index {index}.\n");
    match &written {
        Ok(Some(path)) => text += &format!("{} is ready for `jira-connector run -c {0}`.", path.display()),
        Ok(None) | Err(_) => text += &format!("Put this into config.yml:\n\n{file}"),
    }
    if let Err(missing) = complete {
        text +=
            &format!("\nIt waits for its configuration: {missing}. Fill it in Kibana, or with `connector configure`.");
    }
    output.result(&result, text.trim_end());
    written.map(drop)
}

fn check_complete(configuration: &Map<String, Value>) -> Result<(), CommandError> {
    let checked = JiraSettings::from_configuration(configuration).map(drop);
    checked.map_err(|error| {
        CommandError::Usage(format!(
            "{error}. Give values with --set KEY=VALUE, --set-file KEY=FILE or --from-file FILE"
        ))
    })
}

/// Writes what was asked for; which file, if any. The connector exists by now, so failing to write is said after it.
fn write<'o>(
    config: &'o Config,
    options: &'o ConnectorCreate,
    id: &str,
    api_key: &str,
    whole: &str,
) -> Result<Option<&'o Path>, CommandError> {
    if let Some(path) = &options.write_config {
        config_file::write_new(path, whole)?;
        return Ok(Some(path));
    }
    if !options.update_config {
        return Ok(None);
    }
    let path = options.connector_service_config.as_ref().unwrap_or(&config.path);
    config_file::add_connector(path, id, api_key)
        .with_context(|| format!("the connector was created, and {} was not changed", path.display()))?;
    Ok(Some(path))
}

/// Everything that belongs to a connector besides its bare record. Returns the API key in its encoded form.
async fn finish(
    client: &ElasticClient,
    id: &str,
    index: &str,
    configuration: &Map<String, Value>,
) -> anyhow::Result<String> {
    ContentIndex::new(client, index)
        .create_if_missing()
        .await
        .with_context(|| format!("cannot make index {index}"))?;
    let role = json!({
        format!("{index}-connector-role"): {
            "cluster": ["monitor", "manage_connector"],
            "indices": [{
                "names": [index, format!(".search-acl-filter-{index}"), ".elastic-connectors*"],
                "privileges": ["all"],
                "allow_restricted_indices": false,
            }],
        },
    });
    let key = client
        .api_keys()
        .create(&format!("{index}-connector"), role, json!({ "connector_id": id }))
        .await
        .context("cannot make an API key for the connector; the account needs manage_own_api_key or manage_security")?;
    let complete = JiraSettings::from_configuration(configuration).is_ok();
    let status = if complete {
        ConnectorStatus::Configured
    } else {
        ConnectorStatus::NeedsConfiguration
    };
    let record = json!({
        "configuration": configuration,
        "features": features(),
        "status": status.as_str(),
        "api_key_id": key.id,
        "pipeline": {
            "name": "search-default-ingestion",
            "extract_binary_content": true,
            "reduce_whitespace": true,
            "run_ml_inference": true,
        },
    });
    let written = client
        .connectors()
        .update_unconditionally(id, &record, Refresh::Immediate)
        .await;
    if let Err(error) = written {
        let left_over = client.api_keys().invalidate(&key.id).await.err();
        let note = left_over.map_or(String::new(), |other| {
            format!(" (API key {} is left over: {other})", key.id)
        });
        return Err(anyhow!(error).context(format!("cannot write the connector's configuration{note}")));
    }
    Ok(key.encoded.expose_secret().to_owned())
}
