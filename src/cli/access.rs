//! `jira-connector access show` and `access key create`: what a user of Jira may see, and a key for exactly that.

use secrecy::ExposeSecret as _;

use super::access_arguments::{AccessCommand, AccessKeyCommand, AccessKeyCreate, AccessShow};
use super::context;
use super::error::CommandError;
use super::output::Output;
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::access_keys::{self, KeyRequest};
use crate::operations::access_view::{AccessView, access_view};

pub(super) async fn run(command: AccessCommand, config: &Config, output: &Output) -> Result<(), CommandError> {
    match command {
        AccessCommand::Show(options) => show(config, options, output).await,
        AccessCommand::Key(AccessKeyCommand::Create(options)) => create_key(config, options, output).await,
    }
}

async fn show(config: &Config, options: AccessShow, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, options.connector_id)?;
    let installation = Installation::connect(config).await?;
    let view = access_view(&installation, &id, &options.user).await?;
    output.result(&view, &as_text(&view));
    Ok(())
}

fn as_text(view: &AccessView) -> String {
    let name = view.display_name.as_deref().unwrap_or("(name hidden)");
    let mut lines = vec![
        format!("{} {name}", view.user),
        format!("finds {} documents, by {} access tokens", view.documents, view.tokens),
        match view.identity_is_current {
            Some(true) => "the identity in Elasticsearch is up to date".to_owned(),
            Some(false) => "the identity in Elasticsearch is older: run an access control sync".to_owned(),
            None => "there is no identity in Elasticsearch yet: run an access control sync".to_owned(),
        },
        String::new(),
    ];
    for project in &view.projects {
        let key = &project.key;
        for grant in &project.grants {
            lines.push(match grant.level {
                None => format!("project {key}: {}", grant.by),
                Some(level) => format!("project {key}, security level {level}: {}", grant.by),
            });
        }
    }
    if view.projects.is_empty() {
        lines.push("no project lets this user see anything".to_owned());
    }
    if !view.unreadable.is_empty() {
        lines.push(String::new());
        lines.push("denied to everybody, because it could not be read:".to_owned());
        lines.extend(view.unreadable.iter().map(|reason| format!("  {reason}")));
    }
    lines.join("\n")
}

async fn create_key(config: &Config, options: AccessKeyCreate, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, options.connector_id)?;
    let installation = Installation::connect(config).await?;
    let wanted = KeyRequest {
        user: options.user,
        expires: options.expires,
    };
    let key = access_keys::create_key(&installation, &id, wanted).await?;
    let text = format!(
        "{}\n\nThe key finds what {} may see in {}, as of the last access control sync. It works for {} minutes and is \
         shown only now; use it as `Authorization: ApiKey ...`.",
        key.encoded.expose_secret(),
        key.user,
        key.index_name,
        key.expires_minutes
    );
    output.result(&key, &text);
    Ok(())
}
