//! Looks up for people what a user of Jira may see and why. It writes nothing.

use anyhow::{Context as _, anyhow, bail};
use elastic_client::{ConnectorRecord, ElasticClient};
use jira_client::Permitted;
use sync_engine::access_control::{Identity, Person, Reason, Site, TokensInUse};

use crate::clients::{USER_AGENT, client_for_connector};
use crate::config::{Config, ConnectorEntry};
use crate::inbound::connectors::rule_validation::advanced_rules_in_force;
use crate::inbound::sink::IdentityIndex;
use crate::inbound::source::permissions::cannot_list_users;
use crate::inbound::source::{JiraSettings, Login};

/// The access of one user.
#[derive(Debug)]
pub struct AccessView {
    /// Who.
    pub person: Person,
    /// The projects of which they may see anything, by key, with every grant that lets them.
    pub projects: Vec<(String, Vec<Reason>)>,
    /// Tokens of their identity.
    pub tokens: usize,
    /// Whether the identity in the index says the same; none when there is none.
    pub identity_is_current: Option<bool>,
    /// Documents that they can find with the permissions of now.
    pub documents: u64,
    /// Permissions that could not be read; they are denied.
    pub unreadable: Vec<String>,
}

/// Looks a user up by account id, login, e-mail address or name.
pub async fn access_view(
    client: &ElasticClient,
    entry: &ConnectorEntry,
    record: &ConnectorRecord,
    config: &Config,
    user: &str,
) -> anyhow::Result<AccessView> {
    let settings = JiraSettings::from_configuration(&record.configuration)?;
    let index = record.index_name.as_deref().context("the connector has no index")?;
    let login = Login::new(settings, &config.jira, USER_AGENT)
        .await?
        .with_advanced_rules(advanced_rules_in_force(record)?);
    let mut reader = login.identities().await?;
    let people = match reader.people().await? {
        Permitted::Read(people) => people.people,
        Permitted::Refused(words) => bail!("{}", cannot_list_users(&words)),
    };
    let person = find(people, user)?;
    let identities = IdentityIndex::new(client_for_connector(client, entry)?, index);
    let field = identities.access_field().await?;
    let tokens = identities.tokens(&field, TokensInUse::PATTERN).await?;
    let in_use = TokensInUse::from_tokens(tokens.iter().map(String::as_str));
    let site = reader.site(&in_use).await?;
    let identity = Identity::of(&person.account, &site, &in_use)?;
    let stored = match client.indices().exists(identities.name()).await? {
        true => identities.get(&person.name).await?,
        false => None,
    };
    let stored = stored.map(|document| Identity::stored(&document));
    Ok(AccessView {
        projects: projects(&site, &person),
        tokens: identity.tokens.len(),
        identity_is_current: stored.map(|stored| stored == identity),
        documents: identities.count(&field, &identity.tokens).await?,
        unreadable: site.unreadable(),
        person,
    })
}

fn projects(site: &Site, person: &Person) -> Vec<(String, Vec<Reason>)> {
    let all = site
        .projects
        .iter()
        .map(|(id, project)| (project.key.clone(), site.why(&person.account, *id)));
    all.filter(|(_, reasons)| reasons.iter().any(|reason| reason.level.is_none()))
        .collect()
}

/// An id or login is exact; a name or address has to be that of one user only.
fn find(people: Vec<Person>, user: &str) -> anyhow::Result<Person> {
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
            Err(anyhow!(
                "several users are called so; give the id of one: {}",
                ids.join(", ")
            ))
        }
        (None, _) => Err(anyhow!(
            "Jira has no active user \"{user}\"; give an account id (Cloud), a login, an e-mail address that is not \
             hidden, or the full name"
        )),
    }
}
