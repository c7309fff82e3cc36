//! Looks up for people what a user of Jira may see and why. It writes nothing.

use elastic_client::{ConnectorRecord, ElasticClient};
use serde::Serialize;
use sync_engine::access_control::{Identity, Known, Person, Reason, Site, Token, TokensInUse};
use sync_engine::access_sync::PermissionSource as _;

use super::error::{Cause, Doing as _, OperationError};
use super::installation::Installation;
use crate::clients::USER_AGENT;
use crate::inbound::connectors::rule_validation::advanced_rules_in_force;
use crate::inbound::sink::IdentityIndex;
use crate::inbound::source::{JiraSettings, Login};

/// The access of one user.
#[derive(Debug, Clone, Serialize)]
pub struct AccessView {
    /// Account id (Cloud) or login.
    pub user: String,
    /// Name for people, unless it is hidden.
    pub display_name: Option<String>,
    /// Documents that they can find with the permissions of now.
    pub documents: u64,
    /// Tokens of their identity.
    pub tokens: usize,
    /// Whether the identity in the index says the same; none when there is none.
    pub identity_is_current: Option<bool>,
    /// The projects of which they may see anything.
    pub projects: Vec<VisibleProject>,
    /// Permissions that could not be read; they are denied.
    pub unreadable: Vec<String>,
}

/// A project with every grant that lets a user see something of it.
#[derive(Debug, Clone, Serialize)]
pub struct VisibleProject {
    /// Its key.
    pub key: String,
    /// The grants.
    pub grants: Vec<Grant>,
}

/// One grant.
#[derive(Debug, Clone, Serialize)]
pub struct Grant {
    /// The security level that it opens; none for the permission to browse.
    pub level: Option<u64>,
    /// By what: `member of group ~staff`.
    pub by: String,
}

/// Looks a user up by account id, login, e-mail address or name.
pub async fn access_view(
    installation: &Installation<'_>,
    connector_id: &str,
    user: &str,
) -> Result<AccessView, OperationError> {
    let doing = "cannot tell what this user may see";
    let connector = installation.connector(connector_id).await?.value;
    let data = installation.data_client(connector_id)?;
    look(installation, &connector, data, user).await.doing(doing)
}

async fn look(
    installation: &Installation<'_>,
    record: &ConnectorRecord,
    data: ElasticClient,
    user: &str,
) -> Result<AccessView, Cause> {
    let settings = JiraSettings::from_configuration(&record.configuration)?;
    let index = record.index_name.as_deref();
    let index = index.ok_or_else(|| Cause::Here("the connector has no index".to_owned()))?;
    let login = Login::new(settings, &installation.config.jira, USER_AGENT)
        .await?
        .with_advanced_rules(advanced_rules_in_force(record)?);
    let mut reader = login.identities().await?;
    let people = match reader.people().await? {
        Known::Read(people) => people.people,
        Known::Refused(words) | Known::Failed(words) => return Err(Cause::Jira(words)),
    };
    let person = find(people, user)?;
    let identities = IdentityIndex::new(data.clone(), index);
    let field = identities.access_field().await?;
    let tokens = identities.tokens(&field, Token::UNFORESEEN).await?;
    let in_use = TokensInUse::from_tokens(tokens);
    let site = reader.site(&in_use).await?;
    let identity = Identity::of(&person.account, &site, &in_use)?;
    let stored = match data.indices().exists(identities.name()).await? {
        true => identities.get(&person.name).await?,
        false => None,
    };
    let stored = stored.map(|document| Identity::stored(&document));
    Ok(AccessView {
        projects: projects(&site, &person),
        tokens: identity.tokens.len(),
        identity_is_current: stored.map(|stored| stored == identity),
        documents: identities.count(&field, &identity.tokens, None).await?,
        unreadable: site.gaps().into_iter().map(|gap| gap.text).collect(),
        user: person.name,
        display_name: person.display_name,
    })
}

fn projects(site: &Site, person: &Person) -> Vec<VisibleProject> {
    let all = site.projects.iter().map(|(id, project)| {
        let grants = site.why(&person.account, *id).into_iter();
        let grant = |reason: Reason| Grant {
            level: reason.level,
            by: reason.by,
        };
        VisibleProject {
            key: project.key.clone(),
            grants: grants.map(grant).collect(),
        }
    });
    all.filter(|project| project.grants.iter().any(|grant| grant.level.is_none()))
        .collect()
}

/// An id or login is exact; a name or address has to be that of one user only.
fn find(people: Vec<Person>, user: &str) -> Result<Person, Cause> {
    let is = |text: &Option<String>| text.as_deref().is_some_and(|text| text.eq_ignore_ascii_case(user));
    let (exact, others): (Vec<Person>, Vec<Person>) = people
        .into_iter()
        .partition(|person| person.name == user || person.account.as_str() == user);
    if let Some(person) = exact.into_iter().next() {
        return Ok(person);
    }
    let mut named: Vec<Person> = others
        .into_iter()
        .filter(|person| is(&person.email) || is(&person.display_name))
        .collect();
    match (named.pop(), named.is_empty()) {
        (Some(person), true) => Ok(person),
        (Some(person), false) => {
            named.push(person);
            let ids: Vec<&str> = named.iter().map(|person| person.name.as_str()).collect();
            Err(Cause::Here(format!(
                "several users are called so; give the id of one: {}",
                ids.join(", ")
            )))
        }
        (None, _) => Err(Cause::Here(format!(
            "Jira has no active user \"{user}\"; give an account id (Cloud), a login, an e-mail address that is not \
             hidden, or the full name"
        ))),
    }
}
