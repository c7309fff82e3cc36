//! Tokens of documents and identities against the fixture's own judgement of who sees what, on every kind of Jira, after
//! random changes, and with permissions that cannot be read.
//!
//! No index is needed for that; what searches find is compared in `tests/functional`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jira_client::Issue;
use jira_connector::config::JiraLimits;
use jira_connector::inbound::source::permissions::DocumentAccess;
use jira_connector::inbound::source::{JiraSettings, Login};
use jira_fixture::{DataSize, Dialect, Fault, FaultKind, HolderSpec, Options, PermissionChange, Version};
use serde_json::{Map, Value, json};
use sync_engine::access_control::{DocumentTokens, Identity, Known, Person, Site, TokensInUse};
use sync_engine::access_sync::PermissionSource as _;
use test_case::test_case;

use crate::harness::Jira;

/// What one reader sees, as `issue:10001` or `comment:10002`. Anonymous readers have no account.
type Seen = BTreeMap<Option<String>, BTreeSet<String>>;

const FIRST_SEED: u64 = 40;
/// How long an answer may take: what hangs is given up after it.
const PATIENCE: Duration = Duration::from_secs(4);

struct Model {
    jira: Jira,
    settings: Map<String, Value>,
}

/// Everything that a sync would have written.
struct Read {
    documents: BTreeMap<String, DocumentTokens>,
    /// Issues of which it is not known who sees them.
    denied: BTreeSet<String>,
    people: Vec<Person>,
    site: Site,
    in_use: TokensInUse,
    unreadable: Vec<String>,
}

impl Model {
    async fn new(dialect: Dialect, version: Option<Version>, levels: &str) -> Self {
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

    async fn of(options: Options, levels: &str) -> Self {
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
    async fn issues(&self) -> Vec<Issue> {
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

    async fn read(&self, issues: &[Issue]) -> Read {
        let login = self.login().await;
        let scope = login.scope().await.unwrap();
        let access = login.document_access(&scope).await.unwrap();
        let (documents, denied) = documents(issues, &login, &access).await;
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

    /// What Jira shows of these documents.
    fn shown(&self, read: &Read) -> Seen {
        let accounts = self.jira.site.accounts();
        let people = accounts
            .into_iter()
            .filter(|person| person.active && person.account_type == "atlassian");
        let readers = people.map(|person| Some(person.account)).chain([None]);
        let shown = readers.map(|reader| {
            let visible = self.jira.site.visible_through_connector(reader.as_deref()).unwrap();
            let issues = visible.issues.iter().map(|id| format!("issue:{id}"));
            let all = issues.chain(visible.comments.iter().map(|id| format!("comment:{id}")));
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
    fn seen(&self) -> Seen {
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

fn differences(seen: &Seen, shown: &Seen) -> Vec<String> {
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

#[test_case(Dialect::Cloud, None, "deny", 3; "cloud")]
#[test_case(Dialect::Server, Some(Version::new(8, 4)), "deny", 2; "server")]
#[test_case(Dialect::DataCenter, Some(Version::new(9, 12)), "deny", 2; "data center")]
#[test_case(Dialect::DataCenter, Some(Version::new(10, 3)), "per_issue", 2; "data center that is asked about each issue")]
#[tokio::test(flavor = "multi_thread")]
async fn tokens_say_what_jira_says(dialect: Dialect, version: Option<Version>, levels: &str, rounds: u64) {
    let model = Model::new(dialect, version, levels).await;
    for round in FIRST_SEED..FIRST_SEED + rounds {
        let read = model.read(&model.issues().await).await;
        let shown = model.shown(&read);
        let wrong = differences(&read.seen(), &shown);
        assert!(wrong.is_empty(), "before round {round}: {wrong:#?}");
        assert!(shown.values().any(|seen| !seen.is_empty()));
        let site = &model.jira.site;
        let untold: BTreeSet<String> = site.untold().issues.iter().map(|id| format!("issue:{id}")).collect();
        match levels {
            "per_issue" => assert!(read.denied.is_empty(), "{:?}", read.denied),
            _ => assert!(
                !read.denied.is_empty() && read.denied.is_subset(&untold),
                "{:?}",
                read.denied
            ),
        }
        site.shuffle_permissions(round, 50).unwrap();
    }
}

/// Requests follow what grants name: users, projects, roles, members of groups. What nothing names is not read.
#[tokio::test(flavor = "multi_thread")]
async fn what_no_grant_names_is_not_read() {
    let model = Model::new(Dialect::Cloud, None, "deny").await;
    let site = &model.jira.site;
    // Comments would name every group.
    let mut issues = model.issues().await;
    issues.retain(|issue| issue.fields["comment"]["comments"] == json!([]));
    let groups_read = async || {
        site.reset_requests();
        let read = model.read(&issues).await;
        let requests = site.last_requests();
        let members = requests.into_iter().filter(|seen| seen.endpoint == "group_member");
        let of_group = |url: String| url.split("groupId=").nth(1)?.split('&').next().map(str::to_owned);
        let asked: BTreeSet<String> = members.filter_map(|seen| of_group(seen.url)).collect();
        // Fields and restrictions of issues name groups and roles.
        let roles = read.in_use.roles();
        let actors = roles.iter().filter_map(|role| read.site.roles.get(role)?.read());
        let groups = actors
            .flat_map(|actors| actors.groups.clone())
            .chain(read.in_use.groups());
        let named: BTreeSet<String> = groups.map(|group| group.to_string()).collect();
        (asked, named, site.requests().total)
    };
    let granted = site.granted();
    let (asked, named, total) = groups_read().await;
    let needed: BTreeSet<String> = granted.groups.values().chain(&named).cloned().collect();
    assert!(asked.is_subset(&needed), "{asked:?} but {needed:?}");
    let mut ungranted = granted.ungranted.iter().filter(|(_, id)| !named.contains(*id));
    let (idle, _) = ungranted.next().expect("a group that nothing names");
    for person in site.accounts() {
        site.change_permission(&PermissionChange::GroupMember {
            group: idle.clone(),
            account: person.account,
            present: true,
        })
        .unwrap();
    }
    assert_eq!(
        groups_read().await.2,
        total,
        "members of a group that nothing names cost nothing"
    );
}

/// A kind of holder that is too new to be known lets nobody in, and is named.
#[tokio::test(flavor = "multi_thread")]
async fn holders_of_an_unknown_kind_open_nothing_and_are_named() {
    let model = Model::new(Dialect::Cloud, None, "deny").await;
    let site = &model.jira.site;
    let issues = model.issues().await;
    let whole = model.read(&issues).await;
    let team = || HolderSpec {
        kind: "team".into(),
        parameter: Some("jira-software-users".into()),
    };
    let levels: Vec<u32> = whole.site.levels.keys().map(|id| *id as u32).collect();
    let schemes = std::iter::once(0).chain(10_001..=10_008);
    let grants = schemes.map(|scheme| PermissionChange::Grant {
        scheme,
        holder: team(),
        present: true,
    });
    let members = levels.into_iter().map(|level| PermissionChange::LevelMember {
        level,
        holder: team(),
        present: true,
    });
    for change in grants.chain(members) {
        site.change_permission(&change).unwrap();
    }
    let read = model.read(&issues).await;
    assert_eq!(read.seen(), whole.seen());
    let wrong = differences(&read.seen(), &model.shown(&read));
    assert!(
        !wrong.is_empty() && wrong.iter().all(|one| one.contains("leaks []")),
        "{wrong:#?}"
    );
    let named = |what: &str| read.unreadable.iter().filter(|reason| reason.contains(what)).count();
    assert!(
        named("holders of type \"team\" are not known") >= 8,
        "{:?}",
        read.unreadable
    );
    assert!(
        named("members of type \"team\" are not known") >= 8,
        "{:?}",
        read.unreadable
    );
}

/// Until a content sync takes the documents away, identities do: archived projects are listed no more.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_what_was_archived() {
    let model = Model::new(Dialect::Cloud, None, "deny").await;
    let site = &model.jira.site;
    let issues = model.issues().await;
    let before = model.read(&issues).await;
    let seen_by_all: BTreeSet<String> = before.seen().into_values().flatten().collect();
    let project = |issue: &Issue| issue.fields["project"]["key"].as_str().unwrap().to_owned();
    let seen = issues
        .iter()
        .find(|issue| seen_by_all.contains(&format!("issue:{}", issue.id)));
    let archived = project(seen.unwrap());
    site.archive_project(&archived).unwrap();
    let after = Read {
        documents: before.documents,
        denied: before.denied,
        ..model.read(&issues).await
    };
    let gone: BTreeSet<String> = issues
        .iter()
        .filter(|issue| project(issue) == archived)
        .map(|issue| format!("issue:{}", issue.id))
        .collect();
    for (reader, seen) in after.seen().iter().filter(|(reader, _)| reader.is_some()) {
        assert!(seen.is_disjoint(&gone), "{reader:?}");
    }
    assert_eq!(differences(&after.seen(), &model.shown(&after)), [""; 0]);
}

/// Resources that tell permissions.
const TOLD_BY: [&str; 8] = [
    "project_permission_scheme",
    "project_role",
    "group_member",
    "security_levels",
    "security_schemes_of_projects",
    "security_level_members",
    "application_roles",
    "roles",
];

fn faults(endpoint: &str) -> Vec<Fault> {
    let mut faults = vec![Fault::status(endpoint, 403), Fault::status(endpoint, 500)];
    if endpoint == "group_member" || endpoint == "project_permission_scheme" {
        let kinds = [FaultKind::Hang, FaultKind::Html, FaultKind::CutJson];
        faults.extend(kinds.map(|kind| Fault::new(endpoint, kind)));
        faults.push(Fault::status(endpoint, 401));
    }
    faults
}

/// Nobody sees more than before when a permission cannot be read, and it is said what is denied.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_opens_nothing() {
    let model = Model::new(Dialect::Cloud, None, "deny").await;
    let site = &model.jira.site;
    let issues = model.issues().await;
    let whole = model.read(&issues).await;
    let before = whole.seen();
    for (endpoint, fault) in TOLD_BY
        .iter()
        .flat_map(|endpoint| faults(endpoint).into_iter().map(move |fault| (endpoint, fault)))
    {
        let name = format!("{endpoint}, {:?} {:?}", fault.kind, fault.status);
        // A few answers, as when one project is closed.
        let times = if fault.kind == FaultKind::Hang { 1 } else { 3 };
        site.add_fault(fault.times(times));
        let read = model.read(&issues).await;
        let hits: u64 = site.faults().iter().map(|fault| fault.hits).sum();
        site.clear_faults();
        assert!(hits > 0, "{name}");
        for (reader, seen) in read.seen() {
            let more: Vec<&String> = seen.difference(&before[&reader]).collect();
            assert!(more.is_empty(), "{name}: {reader:?} sees {more:?}");
        }
        let told = read.unreadable.len() > whole.unreadable.len() || read.denied.len() > whole.denied.len();
        // These lists have another resource in their place.
        let replaced = ["security_levels", "security_schemes_of_projects", "application_roles"].contains(endpoint);
        assert!(told || replaced, "{name}: nothing is said");
        if replaced {
            assert_eq!(read.seen(), before, "{name}");
        }
    }
}
