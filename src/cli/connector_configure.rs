//! `jira-connector connector configure`: changes values of a connector's configuration, or hands its index over to it.

use super::connector_arguments::ConnectorConfigure;
use super::context;
use super::error::CommandError;
use super::field_values;
use super::output::Output;
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::connectors;

pub(super) async fn configure(
    config: &Config,
    options: ConnectorConfigure,
    output: &Output,
) -> Result<(), CommandError> {
    if options.take_over_index {
        return take_over(config, options.connector_id, output).await;
    }
    let given = field_values::given(&options.set, "KEY=VALUE", &options.values)?;
    if given.is_empty() {
        let text = "nothing to change: give KEY=VALUE, --set-file KEY=FILE or --from-file FILE";
        return Err(CommandError::Usage(text.to_owned()));
    }
    let id = context::pick_connector(config, options.connector_id)?;
    let installation = Installation::connect(config).await?;
    let changed = connectors::configure(&installation, &id, &given).await?;
    let mut text = format!(
        "Changed {} of connector {id}. Jobs that wait already keep the earlier values.",
        changed.changed.join(", ")
    );
    if let Some(missing) = &changed.missing {
        text += &format!("\nNot complete yet: {missing}");
    }
    output.result(&changed, &text);
    Ok(())
}

async fn take_over(config: &Config, connector_id: Option<String>, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, connector_id)?;
    let installation = Installation::connect(config).await?;
    let taken = connectors::take_over(&installation, &id).await?;
    let mut text = format!("Index {} belongs to connector {id} now.", taken.index_name);
    if let Some(former) = &taken.former_owner {
        text += &format!(" Syncs of connector {former} to it are refused from now on.");
    }
    output.result(&taken, &text);
    Ok(())
}
