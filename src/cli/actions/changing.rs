//! `actions create`, `update` and `delete`.

use super::arguments::{ActionsCreate, ActionsUpdate};
use super::looking::shown;
use super::settings;
use super::start::CALLER;
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::cli::prompt::{Ask as _, Terminal};
use crate::operations::actions::{ActionChange, Actions, NewAction};

pub(super) async fn create(actions: &Actions, options: ActionsCreate, output: &Output) -> Result<(), CommandError> {
    let form = actions.form(&options.kind)?;
    let new = NewAction {
        id: options.id,
        name: options.name,
        kind: options.kind,
        config: settings::config(&options.settings)?,
        secrets: settings::secrets(&options.settings, &form.secrets)?,
    };
    let made = actions.create(new, CALLER).await?;
    output.result(&made, &format!("Made a connector.\n{}", shown(&made)));
    Ok(())
}

pub(super) async fn update(actions: &Actions, options: ActionsUpdate, output: &Output) -> Result<(), CommandError> {
    let before = actions.get(&options.id).await?;
    let form = actions.form(&before.kind)?;
    let mut config = before.config.unwrap_or_default();
    config.extend(settings::config(&options.settings)?);
    let change = ActionChange {
        name: options.name.unwrap_or(before.name),
        config,
        secrets: settings::secrets(&options.settings, &form.secrets)?,
    };
    let changed = actions.update(&options.id, change, CALLER).await?;
    output.result(&changed, &format!("Changed the connector.\n{}", shown(&changed)));
    Ok(())
}

pub(super) async fn delete(actions: &Actions, id: &str, yes: bool, output: &Output) -> Result<(), CommandError> {
    let one = actions.get(id).await?;
    if !yes {
        let Some(terminal) = Terminal::find() else {
            let text = "deleting has to be confirmed, and there is no terminal to ask on: give --yes";
            return Err(CommandError::Usage(text.to_owned()));
        };
        if !terminal.confirm(&format!("Delete connector {} ({})?", one.id, one.name), false)? {
            return Err(CommandError::Interrupted);
        }
    }
    actions.delete(id).await?;
    output.result(
        &serde_json::json!({ "deleted": id }),
        &format!("Deleted connector {id}."),
    );
    Ok(())
}
