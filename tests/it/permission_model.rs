//! The fixture's own judgement of who sees what, beside what a sync would have written.
//!
//! What the two are compared for is in `access_model`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jira_client::Issue;
use jira_connector::config::JiraLimits;
use jira_connector::inbound::source::permissions::DocumentAccess;
use jira_connector::inbound::source::{JiraSettings, Login};
use jira_fixture::{DataSize, Dialect, Options, Version};
use serde_json::{Map, Value, json};
use sync_engine::access_control::{DocumentTokens, Identity, Known, Person, Site, TokensInUse};
use sync_engine::access_sync::PermissionSource as _;

use crate::harness::Jira;

/// What one reader sees, as `issue:10001` or `comment:10002`. Anonymous readers have no account.
pub(crate) type Seen = BTreeMap<Option<String>, BTreeSet<String>>;

/// How long an answer may take: what hangs is given up after it.
const PATIENCE: Duration = Duration::from_secs(4);

pub(crate) struct Model {
    pub(crate) jira: Jira,
    settings: Map<String, Value>,
}

/// Everything that a sync would have written.
pub(crate) struct Read {
    pub(crate) documents: BTreeMap<String, DocumentTokens>,
    /// Issues of which it is not known who sees them.
    pub(crate) denied: BTreeSet<String>,
    pub(crate) people: Vec<Person>,
    pub(crate) site: Site,
    pub(crate) in_use: TokensInUse,
    pub(crate) unreadable: Vec<String>,
}

impl Model {
    pub(crate) async fn new(dialect: Dialect, version: Option<Version>, levels: &str) -> Self {
        Self::of(
            Options {
                data_size: DataSize::PermissionsSmall,
                dialect,
                version,
                ..Options::default()
            },
            levels,
        )
        .await
    }

    pub(crate) async fn of(options: Options, levels: &str) -> Self {
        let source = match options.dialect {
            Dialect::Cloud => "jira_cloud",
            Dialect::DataCenter | Dialect::Server => "jira_data_center",
        };
        let jira = Jira::start(options).await;
        let settings = json!({
            "data_source": source, "jira_url": jira.url(), "account_email": "admin@example.com",
            "api_token": "fixture-token", "data_center_username": "admin", "data_center_password": "fixture-password",
            "data_center_auth_method": "basic", "cloud_auth_method": "api_token", "ssl_enabled": false,
            "use_text_extraction_service": false, "projects": "*", "retry_count": 0, "use_document_level_security": true, "dls_security_levels": levels,
        });
        let fields = settings.as_object().unwrap().iter();
        let settings = fields
            .map(|(key, value)| (key.clone(), json!({ "value": value })))
            .collect();
        Self { jira, settings }
    }

    async fn login(&self) -> Login {
        let limits = JiraLimits {
            connect_timeout: Duration::from_secs(5),
            read_timeout: PATIENCE,
            request_timeout: Duration::from_secs(30),
            retry_interval: Duration::ZERO,
            max_retry_interval: Duration::ZERO,
            max_wait: Duration::ZERO,
            max_concurrent_requests: 16,
            gateway_url: self.jira.url().parse().unwrap(),
            token_url: self.jira.url().parse().unwrap(),
        };
        let settings = JiraSettings::from_configuration(&self.settings).unwrap();
        Login::new(settings, &limits, "test").await.unwrap()
    }

    /// Every issue that the connector sees.
    pub(crate) async fn issues(&self) -> Vec<Issue> {
        let login = self.login().await;
        let service = self.jira.site.accounts()[0].account.clone();
        let ids = self.jira.site.visible(Some(&service)).unwrap().issues;
        let ids: Vec<u64> = ids.into_iter().map(u64::from).collect();
        let mut issues = Vec::new();
        for batch in ids.chunks(100) {
            issues.extend(login.client.fetch_issues(batch, &["*all"]).await.unwrap().issues);
        }
        issues
    }

    pub(crate) async fn read(&self, issues: &[Issue]) -> Read {
        let login = self.login().await;
        let scope = login.scope().await.unwrap();
        let access = login.document_access(&scope).await.unwrap();
        let (mut documents, denied) = documents(issues, &login, &access).await;
        let told = scope.projects.iter().filter(|project| access.knows(project.id));
        documents.extend(told.map(|project| (format!("project:{}", project.id), access.project(project.id))));
        let tokens = documents.values().flat_map(DocumentTokens::iter);
        let in_use = TokensInUse::from_tokens(tokens.filter(|token| !token.contains('=')));
        let mut reader = self.login().await.identities().await.unwrap();
        let Known::Read(people) = reader.people().await.unwrap() else {
            panic!("users are hidden")
        };
        let site = reader.site(&in_use).await.unwrap();
        let mut unreadable = access.unreadable();
        unreadable.extend(site.gaps().into_iter().map(|gap| gap.text));
        Read {
            documents,
            denied,
            people: people.people,
            site,
            in_use,
            unreadable,
        }
    }

    /// The identities of now beside documents of before, as after an access control sync alone.
    pub(crate) async fn identities_of_now(&self, issues: &[Issue], before: Read) -> Read {
        Read {
            documents: before.documents,
            denied: before.denied,
            ..self.read(issues).await
        }
    }

    /// What Jira shows of these documents.
    pub(crate) fn shown(&self, read: &Read) -> Seen {
        let accounts = self.jira.site.accounts();
        let people = accounts
            .into_iter()
            .filter(|person| person.active && person.account_type == "atlassian");
        let readers = people.map(|person| Some(person.account)).chain([None]);
        let shown = readers.map(|reader| {
            let visible = self.jira.site.visible_through_connector(reader.as_deref()).unwrap();
            let issues = visible.issues.iter().map(|id| format!("issue:{id}"));
            let all = issues.chain(visible.comments.iter().map(|id| format!("comment:{id}")));
            let all = all.chain(visible.projects.iter().map(|id| format!("project:{id}")));
            (
                reader,
                all.filter(|id| read.documents.contains_key(id) && !read.denied.contains(id))
                    .collect(),
            )
        });
        shown.collect()
    }
}

async fn documents(
    issues: &[Issue],
    login: &Login,
    access: &DocumentAccess,
) -> (BTreeMap<String, DocumentTokens>, BTreeSet<String>) {
    let (mut documents, mut denied) = (BTreeMap::new(), BTreeSet::new());
    for issue in issues {
        let who = access.issue(issue);
        let id = format!("issue:{}", issue.id);
        if who.denied.is_some() {
            denied.insert(id.clone());
        } else {
            for entry in comments(issue, login).await {
                let id = entry["id"].as_str().unwrap();
                documents.insert(format!("comment:{id}"), access.entry(&who, &entry));
            }
        }
        documents.insert(id, who.tokens);
    }
    (documents, denied)
}

/// As Cloud would show them: elsewhere only properties tell whether a comment of a service project is internal.
async fn comments(issue: &Issue, login: &Login) -> Vec<Value> {
    let embedded = issue.fields["comment"]["comments"].as_array().unwrap();
    let desk = issue.fields["project"]["projectTypeKey"] == "service_desk";
    if !desk || embedded.iter().all(|comment| comment.get("jsdPublic").is_some()) {
        return embedded.clone();
    }
    let mut all = login.client.comments(issue.id).await.unwrap();
    for comment in &mut all {
        comment["jsdPublic"] = (comment["properties"] == json!([])).into();
    }
    all
}

impl Read {
    pub(crate) fn seen(&self) -> Seen {
        let identity = |person: &Person| Identity::of(&person.account, &self.site, &self.in_use).unwrap();
        let people = self
            .people
            .iter()
            .map(|person| (Some(person.account.as_str().to_owned()), identity(person)));
        let seen = people.chain([(None, Identity::anonymous())]).map(|(reader, identity)| {
            let documents = self.documents.iter();
            let found = documents.filter(|(_, tokens)| tokens.intersects(&identity.tokens));
            (reader, found.map(|(id, _)| id.clone()).collect())
        });
        seen.collect()
    }
}

pub(crate) fn differences(seen: &Seen, shown: &Seen) -> Vec<String> {
    assert_eq!(
        seen.keys().collect::<Vec<_>>(),
        shown.keys().collect::<Vec<_>>(),
        "who has an identity"
    );
    let each = seen.iter().filter_map(|(reader, seen)| {
        let shown = &shown[reader];
        let (leaks, missing): (Vec<_>, Vec<_>) = (seen.difference(shown).collect(), shown.difference(seen).collect());
        (!leaks.is_empty() || !missing.is_empty()).then(|| format!("{reader:?}: leaks {leaks:?}, missing {missing:?}"))
    });
    each.collect()
}
