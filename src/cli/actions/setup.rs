//! `actions setup` and `actions rotate-key`: what is done once.

use serde_json::json;

use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::config::Config;
use crate::operations::actions::Actions;

pub(super) async fn setup(config: &Config, actions: &Actions, output: &Output) -> Result<(), CommandError> {
    actions.register_privileges().await?;
    let mut lines = vec![
        "Registered the privileges read, execute and manage of the application jira-connector.".to_owned(),
        "Give them to callers by a role, or make an API key that may run one connector:".to_owned(),
        "  POST /_security/api_key".to_owned(),
        "  {\"name\": \"alerts\", \"role_descriptors\": {\"run\": {\"applications\": [{\"application\": \"jira-connector\","
            .to_owned(),
        "    \"privileges\": [\"execute\"], \"resources\": [\"connector/ID\"]}]}}}".to_owned(),
    ];
    let has_key = config.actions.encryption_key.is_some();
    if !has_key {
        lines.push(
            "Missing: actions.encryption_key in config.yml, without which no secret can be stored. This makes one:"
                .to_owned(),
        );
        lines.push("  openssl rand -base64 32".to_owned());
    }
    let serves = config.http.address.is_some();
    if !serves {
        lines.push("Missing: http.address in config.yml, without which `run` serves no API.".to_owned());
    }
    let view = json!({ "registered": true, "has_encryption_key": has_key, "serves_http": serves });
    output.result(&view, &lines.join("\n"));
    Ok(())
}

pub(super) async fn rotate_key(actions: &Actions, dry_run: bool, output: &Output) -> Result<(), CommandError> {
    let rotated = actions.rotate_keys(dry_run).await?;
    let (total, done, failed) = (rotated.total, rotated.rotated, rotated.failed);
    let verb = if dry_run { "would be sealed" } else { "were sealed" };
    let mut text = format!("{done} of {total} connectors with secrets {verb} with the current key");
    if failed > 0 {
        text += &format!(
            "; {failed} cannot be opened with any key in config.yml: add theirs to actions.decryption_only_keys, or give \
             their secrets again with `actions update`"
        );
    }
    let view = json!({ "total": total, "successful": done, "failed": failed, "dry_run": dry_run });
    output.result(&view, &text);
    if failed > 0 {
        Err(CommandError::Reported)
    } else {
        Ok(())
    }
}
