//! `jira-connector connector create`: index, connector and API key in one step.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use elastic_client::{ConnectorStatus, ElasticClient, Refresh};
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};

use super::arguments::ConnectorCreate;
use super::context;
use super::exit::CommandError;
use super::output::Output;
use crate::config::Config;
use crate::sink::ContentIndex;
use crate::source::JiraSettings;
use crate::source::field_definitions::{FIELDS, SERVICE_TYPE, definition, features};

pub(super) async fn create(config: &Config, options: ConnectorCreate, output: &Output) -> Result<(), CommandError> {
    let configuration = filled_configuration(&options)?;
    if let Some(path) = options.write_config.as_deref().filter(|path| path.exists()) {
        let text = format!("{} exists and is not overwritten; choose another file", path.display());
        return Err(CommandError::Usage(text));
    }
    let client = context::connect(config).await?;
    client
        .indices()
        .ensure_connector_indices()
        .await
        .context("cannot prepare the connector records")?;
    let body = json!({ "index_name": options.index_name, "name": options.name, "service_type": SERVICE_TYPE });
    let id = client
        .connectors()
        .put(options.id.as_deref(), &body)
        .await
        .context("cannot create the connector")?;
    let finished = finish(&client, &id, &options, &configuration).await;
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
    let file = config_file(config, &id, &api_key);
    if let Some(path) = &options.write_config {
        write_private(path, &file)?;
    }
    let complete = JiraSettings::from_configuration(&configuration);
    let result = json!({
        "connector_id": id,
        "index_name": options.index_name,
        "api_key": api_key,
        "configured": complete.is_ok(),
    });
    let mut text = format!("Created connector {id} for index {}.\n", options.index_name);
    match &options.write_config {
        Some(path) => text += &format!("{} is ready for `jira-connector run -c {0}`.", path.display()),
        None => text += &format!("Put this into config.yml:\n\n{file}"),
    }
    if let Err(missing) = complete {
        text += &format!("\nIt waits for its configuration: {missing}. Fill it in Kibana.");
    }
    output.result(&result, text.trim_end());
    Ok(())
}

/// The fields with the values of `--set` and `--set-file`.
fn filled_configuration(options: &ConnectorCreate) -> Result<Map<String, Value>, CommandError> {
    let mut configuration = definition();
    for setting in &options.set {
        let (key, value) = split(setting, "--set KEY=VALUE")?;
        fill(&mut configuration, key, value)?;
    }
    for setting in &options.set_file {
        let (key, path) = split(setting, "--set-file KEY=FILE")?;
        let value = std::fs::read_to_string(path)
            .map_err(|error| CommandError::Usage(format!("--set-file {key}: cannot read {path}: {error}")))?;
        fill(&mut configuration, key, value.trim_end_matches(['\r', '\n']))?;
    }
    if !(options.set.is_empty() && options.set_file.is_empty()) {
        JiraSettings::from_configuration(&configuration).map_err(|error| CommandError::Usage(error.to_string()))?;
    }
    Ok(configuration)
}

fn split<'s>(setting: &'s str, form: &str) -> Result<(&'s str, &'s str), CommandError> {
    setting
        .split_once('=')
        .ok_or_else(|| CommandError::Usage(format!("\"{setting}\" has no =; write {form}")))
}

fn fill(configuration: &mut Map<String, Value>, key: &str, value: &str) -> Result<(), CommandError> {
    let Some(field) = configuration.get_mut(key) else {
        let known: Vec<&str> = FIELDS.iter().map(|field| field.key).collect();
        return Err(CommandError::Usage(format!(
            "there is no field \"{key}\"; the fields are {}",
            known.join(", ")
        )));
    };
    field["value"] = match (field["type"].as_str(), value) {
        (Some("bool"), "true") => true.into(),
        (Some("bool"), "false") => false.into(),
        (Some("int"), digits) => digits.parse::<i64>().map_or_else(|_| digits.into(), Value::from),
        (_, text) => text.into(),
    };
    Ok(())
}

/// Everything that belongs to a connector besides its bare record. Returns the API key in its encoded form.
async fn finish(
    client: &ElasticClient,
    id: &str,
    options: &ConnectorCreate,
    configuration: &Map<String, Value>,
) -> anyhow::Result<String> {
    let index = &options.index_name;
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

/// A complete config.yml for one connector. Text is quoted as JSON, which YAML contains.
fn config_file(config: &Config, id: &str, api_key: &str) -> String {
    let host = Value::from(config.elasticsearch.host.as_str().trim_end_matches('/'));
    let (id, api_key) = (Value::from(id), Value::from(api_key));
    let mut lines = vec![
        "elasticsearch:".to_owned(),
        format!("  host: {host}"),
        format!("  api_key: {api_key}"),
    ];
    if let Some(path) = &config.elasticsearch.ca_certs {
        lines.push(format!("  ca_certs: {}", Value::from(path.display().to_string())));
    }
    if !config.elasticsearch.verify_certs {
        lines.push("  verify_certs: false".to_owned());
    }
    lines.extend([
        "connectors:".to_owned(),
        format!("  - connector_id: {id}"),
        format!("    service_type: {SERVICE_TYPE}"),
        format!("    api_key: {api_key}"),
    ]);
    lines.join("\n") + "\n"
}

/// The file holds a key, so only its owner may read it.
fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.with_context(|| format!("the connector was created, and {} could not be written", path.display()))
}
