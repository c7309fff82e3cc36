//! `jira-connector connector create`: index, connector and API key in one step.

use std::path::Path;

use anyhow::Context as _;
use secrecy::ExposeSecret as _;

use super::config_file;
use super::connector_arguments::ConnectorCreate;
use super::error::CommandError;
use super::field_values;
use super::interview;
use super::output::Output;
use super::prompt::{Ask as _, Terminal};
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::connectors::{self, Form, NewConnector};

pub(super) async fn create(config: &Config, options: ConnectorCreate, output: &Output) -> Result<(), CommandError> {
    let mut given = field_values::given(&options.set, "--set KEY=VALUE", &options.values)?;
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
    match &terminal {
        Some(terminal) => interview::complete(&mut given, terminal, &|text| output.note(text))?,
        // Somebody who gives some values means to give all; somebody who gives none means to use Kibana.
        None if !given.is_empty() => check_complete(&Form::of(&given))?,
        None => {}
    }
    let installation = Installation::connect(config).await?;
    let wanted = NewConnector {
        id: options.id.clone(),
        name: options.name.clone(),
        index_name: index,
        takes_over_index: options.from_index,
        language: options.index_language.clone(),
        values: given,
    };
    let created = connectors::create(&installation, &wanted).await?;
    let (id, api_key) = (&created.connector_id, created.api_key.expose_secret());
    let file = config_file::whole(config, id, api_key);
    let written = write(config, &options, id, api_key, &file);
    let mut text = format!("Created connector {id} for index {}.\n", created.index_name);
    match &written {
        Ok(Some(path)) => text += &format!("{} is ready for `jira-connector run -c {0}`.", path.display()),
        Ok(None) | Err(_) => text += &format!("Put this into config.yml:\n\n{file}"),
    }
    if let Some(missing) = &created.missing {
        text +=
            &format!("\nIt waits for its configuration: {missing}. Fill it in Kibana, or with `connector configure`.");
    }
    output.result(&created, text.trim_end());
    written.map(drop)
}

fn check_complete(form: &Form) -> Result<(), CommandError> {
    form.problems().map_err(|error| {
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
