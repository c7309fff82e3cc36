//! Compares the permissions of this account with the needs of a sync: one finding for each, with its cure.
//!
//! Only reads, and only as much as it takes to know; showing the findings is left to the command line.

use std::fmt::Write as _;

use jira_client::{Edition, Permitted, ProjectStatus};

use super::extra_capabilities::extra_capabilities;
use super::login::Login;
use super::scope;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// The subject of the finding.
    pub subject: &'static str,
    /// The finding, or what is missing for this connector's syncs and how to grant it.
    pub found: Result<String, String>,
}

/// Looks at everything that a sync with these settings depends on. Findings come in the order they were made.
pub async fn capabilities(login: &Login) -> Vec<Capability> {
    let mut all = Vec::new();
    let mut add = |subject, found| all.push(Capability { subject, found });
    add("Jira", product(login));
    add("projects", projects(login).await);
    // With document level security on, more is looked at, and elsewhere.
    if !login.has_document_level_security() {
        add("permissions", Ok(permissions(login).await));
        add("security levels", Ok(security_levels(login).await));
    }
    add("archived projects", archived(login).await);
    for (subject, found) in extra_capabilities(login).await {
        add(subject, found);
    }
    add("rate limit", Ok(limits(login)));
    let features = if login.has_document_level_security() {
        "full, incremental and access control syncs, deletions, attachments, document level security"
    } else {
        "full and incremental syncs, deletions, attachments; document level security is off"
    };
    add("features", Ok(with_extras(login, features)));
    all
}

fn with_extras(login: &Login, features: &str) -> String {
    let wanted = login.extras();
    let all = [
        (wanted.changelog, "histories"),
        (wanted.agile, "boards and sprints"),
        (wanted.jsm, "service management"),
    ];
    let wanted = all.iter().filter(|(wanted, _)| *wanted).map(|(_, name)| *name);
    wanted.fold(features.to_owned(), |text, name| format!("{text}, {name}"))
}

fn product(login: &Login) -> Result<String, String> {
    let server = &login.server;
    let deployment = server.deployment.as_deref().unwrap_or("Server");
    let answers_cloud = deployment.eq_ignore_ascii_case("cloud");
    let is_told = !server.version.is_empty();
    if is_told && answers_cloud != login.client.edition().is_cloud() {
        let right = if answers_cloud {
            "jira_cloud"
        } else {
            "jira_data_center or jira_server"
        };
        return Err(format!(
            "the site is {deployment} {}, which data_source does not say: set it to {right}",
            server.version
        ));
    }
    let zone = login.myself.time_zone.as_deref().unwrap_or("unknown");
    let name = match (login.myself.display_name.as_str(), &login.myself.email) {
        ("", Some(email)) => email.clone(),
        ("", None) => login.myself.account.id().to_owned(),
        (name, _) => name.to_owned(),
    };
    let product = match login.client.edition() {
        Edition::DataCenter => "Data Center",
        Edition::Cloud | Edition::Server => deployment,
    };
    let version = if is_told {
        &server.version
    } else {
        "of a version that it does not tell (serverInfo is not answered)"
    };
    let mut text = format!("{product} {version} at {}, logged in as {name}", server.base_url);
    write!(text, " (time zone {zone})").expect("a text takes more text");
    if !login.myself.active {
        return Err(format!(
            "{text}: the account is not active; activate it, or use another one"
        ));
    }
    Ok(text)
}

async fn projects(login: &Login) -> Result<String, String> {
    let scope = login.scope().await.map_err(|error| error.to_string())?;
    if scope.projects.is_empty() {
        return Err("this account can browse no project: give it the Browse Projects permission".to_owned());
    }
    let issues = login
        .client
        .approximate_count(&scope.jql())
        .await
        .map_err(|error| format!("issues cannot be searched: {error}"))?;
    let about = if login.client.edition().is_cloud() {
        "about "
    } else {
        ""
    };
    Ok(format!(
        "{} can be read, with {about}{issues} issues",
        scope.projects.len()
    ))
}

/// The global permissions that document level security and its identities need.
async fn permissions(login: &Login) -> String {
    let wanted = [
        ("ADMINISTER", "Administer Jira"),
        ("USER_PICKER", "Browse users and groups"),
    ];
    let keys = wanted.map(|(key, _)| key);
    let had = match login.client.my_permissions(&keys).await {
        Ok(had) => had,
        Err(error) => return unneeded(&format!("cannot be asked for: {error}")),
    };
    let missing: Vec<&str> = wanted
        .iter()
        .filter(|(key, _)| had.get(*key) != Some(&true))
        .map(|(_, name)| *name)
        .collect();
    if missing.is_empty() {
        return "Administer Jira, Browse users and groups".to_owned();
    }
    unneeded(&format!(
        "the account lacks \"{}\": grant it as a global permission",
        missing.join("\", \"")
    ))
}

async fn security_levels(login: &Login) -> String {
    if !login.client.edition().is_cloud() {
        return unneeded(
            "Server and Data Center tell nobody who is in a security level: dls_security_levels says what happens to \
             issues with a level",
        );
    }
    match login.client.security_levels().await {
        Ok(Permitted::Read(levels)) => format!("{} can be read", levels.len()),
        Ok(Permitted::Refused(words)) => unneeded(&format!(
            "cannot be read ({words}): grant \"Administer Jira\", and the scope manage:jira-configuration"
        )),
        Err(error) => unneeded(&format!("cannot be read: {error}")),
    }
}

async fn archived(login: &Login) -> Result<String, String> {
    match scope::list(&login.client, ProjectStatus::ArchivedOrDeleted).await {
        Ok(projects) => Ok(format!("{} are listed; their issues leave the index", projects.len())),
        Err(error) => Ok(format!("cannot be told apart from deleted ones: {error}")),
    }
}

fn unneeded(missing: &str) -> String {
    format!("{missing}. Only document level security needs it, and it is off")
}

fn limits(login: &Login) -> String {
    let stats = login.client.stats();
    let announced = match (stats.announced_limit, stats.announced_per_second) {
        (_, Some(rate)) => format!("{rate} requests a second are allowed for good"),
        (Some(limit), None) => format!("{limit} requests at once are announced"),
        (None, None) => "none is announced".to_owned(),
    };
    let waited = if stats.rate_limit_waits == 0 {
        "none was met"
    } else {
        "one was met"
    };
    format!("{announced}; {waited} in {} requests", stats.requests)
}
