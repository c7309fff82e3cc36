//! `jira-connector access show` and `access key create`: what a user of Jira may see, and a key for exactly that.

use anyhow::{Context as _, anyhow};
use elastic_client::{ConnectorRecord, ElasticClient};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sync_engine::access_control::{Identity, Reason, access_query};

use super::access_arguments::{AccessCommand, AccessKeyCommand, AccessKeyCreate, AccessShow};
use super::context;
use super::exit::CommandError;
use super::output::Output;
use crate::clients::client_for_connector;
use crate::config::{Config, ConnectorEntry};
use crate::inbound::jobs::access_control_job::{KEY_PREFIX, check_license, key_metadata};
use crate::inbound::sink::IdentityIndex;
use crate::operations::access_view::{AccessView, access_view};

pub(super) async fn run(command: AccessCommand, config: &Config, output: &Output) -> Result<(), CommandError> {
    match command {
        AccessCommand::Show(options) => show(config, options, output).await,
        AccessCommand::Key(AccessKeyCommand::Create(options)) => create_key(config, options, output).await,
    }
}

async fn connector(
    config: &Config,
    named: Option<String>,
) -> Result<(ElasticClient, ConnectorEntry, ConnectorRecord), CommandError> {
    let entry = context::pick_connector(config, named)?;
    let client = context::connect(config).await?;
    let id = &entry.connector_id;
    let record = client.connectors().get(id).await.context("cannot read the connector")?;
    let record = record.ok_or_else(|| anyhow!("there is no connector {id}; `connector list` shows those there are"))?;
    Ok((client, entry, record.value))
}

async fn show(config: &Config, options: AccessShow, output: &Output) -> Result<(), CommandError> {
    let (client, entry, record) = connector(config, options.connector_id).await?;
    let view = access_view(&client, &entry, &record, config, &options.user)
        .await
        .context("cannot tell what this user may see")?;
    output.result(&as_json(&view), &as_text(&view));
    Ok(())
}

fn as_json(view: &AccessView) -> Value {
    let grants = |reasons: &[Reason]| -> Vec<Value> {
        let grant = |reason: &Reason| json!({ "level": reason.level, "by": reason.by });
        reasons.iter().map(grant).collect()
    };
    let projects = view
        .projects
        .iter()
        .map(|(key, reasons)| json!({ "key": key, "grants": grants(reasons) }));
    json!({
        "user": view.person.name,
        "display_name": view.person.display_name,
        "documents": view.documents,
        "tokens": view.tokens,
        "identity_is_current": view.identity_is_current,
        "projects": projects.collect::<Vec<_>>(),
        "unreadable": view.unreadable,
    })
}

fn as_text(view: &AccessView) -> String {
    let name = view.person.display_name.as_deref().unwrap_or("(name hidden)");
    let mut lines = vec![
        format!("{} {name}", view.person.name),
        format!("finds {} documents, by {} access tokens", view.documents, view.tokens),
        match view.identity_is_current {
            Some(true) => "the identity in Elasticsearch is up to date".to_owned(),
            Some(false) => "the identity in Elasticsearch is older: run an access control sync".to_owned(),
            None => "there is no identity in Elasticsearch yet: run an access control sync".to_owned(),
        },
        String::new(),
    ];
    for (key, reasons) in &view.projects {
        for reason in reasons {
            lines.push(match reason.level {
                None => format!("project {key}: {}", reason.by),
                Some(level) => format!("project {key}, security level {level}: {}", reason.by),
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
    let (client, entry, record) = connector(config, options.connector_id).await?;
    check_license(&client).await.map_err(anyhow::Error::from)?;
    let index = record
        .index_name
        .as_deref()
        .ok_or_else(|| anyhow!("the connector has no index"))?;
    let identities = IdentityIndex::new(
        client_for_connector(&client, &entry).map_err(anyhow::Error::from)?,
        index,
    );
    let field = identities.access_field().await.map_err(anyhow::Error::from)?;
    let (who, identity) = match options.user {
        Some(user) => {
            let stored = identities
                .get(&user)
                .await
                .context("cannot read the identities; run an access control sync")?;
            let stored = stored.ok_or_else(|| {
                anyhow!(
                    "there is no identity \"{user}\" in {}: give the account id (Cloud) or login, as `access show` \
                     prints it; a new user needs an access control sync",
                    identities.name()
                )
            })?;
            (user, Identity::stored(&stored))
        }
        None => ("anonymous".to_owned(), Identity::anonymous()),
    };
    let role = json!({ "jira-access": { "indices": [{
        "names": [index],
        "privileges": ["read"],
        "query": access_query(&identity, &field),
    }] } });
    // The key of somebody who is not logged in follows no identity.
    let noted = if options.anonymous { "" } else { who.as_str() };
    let metadata = key_metadata(&entry.connector_id, index, noted, &identity.fingerprint());
    let minutes = options.expires.as_secs() / 60;
    let key = client
        .api_keys()
        .create_expiring(
            &format!("{KEY_PREFIX}{index}-{who}"),
            role,
            metadata,
            &format!("{minutes}m"),
        )
        .await
        .context(
            "cannot make the API key; the account in config.yml needs manage_api_key, and must not be an API key",
        )?;
    let encoded = key.encoded.expose_secret();
    let result =
        json!({ "id": key.id, "encoded": encoded, "user": who, "index_name": index, "expires_minutes": minutes });
    let text = format!(
        "{encoded}\n\nThe key finds what {who} may see in {index}, as of the last access control sync. It works for \
         {minutes} minutes and is shown only now; use it as `Authorization: ApiKey ...`."
    );
    output.result(&result, &text);
    Ok(())
}
