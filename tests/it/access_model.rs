//! Tokens of documents and identities against the fixture's own judgement of who sees what, on every kind of Jira, after
//! random changes, and with permissions that cannot be read.
//!
//! No index is needed for that; what searches find is compared in `tests/functional`.

use std::collections::BTreeSet;

use jira_client::Issue;
use jira_fixture::{DataSize, Dialect, Fault, FaultKind, HolderSpec, Options, PermissionChange, Version};
use serde_json::json;
use test_case::test_case;

use crate::permission_model::{Model, differences};

const FIRST_SEED: u64 = 40;

#[test_case(Dialect::Cloud, None, "deny", 3; "cloud")]
#[test_case(Dialect::Server, Some(Version::new(8, 4)), "deny", 2; "server")]
#[test_case(Dialect::DataCenter, Some(Version::new(9, 12)), "deny", 2; "data center")]
#[test_case(Dialect::DataCenter, Some(Version::new(10, 3)), "per_issue", 2; "data center that is asked about each issue")]
#[test_case(Dialect::Cloud, None, "per_issue", 2; "cloud that is asked about each user")]
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

/// Groups and levels change, and no issue does: no content sync writes any document again.
#[test_case(Dialect::DataCenter, Some(Version::new(9, 12)); "data center")]
#[test_case(Dialect::Cloud, None; "cloud")]
#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_browse_or_the_level_of_an_issue_that_jira_was_asked_about_is_gone(
    dialect: Dialect,
    version: Option<Version>,
) {
    let model = Model::new(dialect, version, "per_issue").await;
    let site = &model.jira.site;
    let issues = model.issues().await;
    let before = model.read(&issues).await;
    let seen_before = before.seen();
    let granted = site.granted();
    let groups: Vec<&String> = granted.groups.keys().chain(granted.ungranted.keys()).collect();
    for (number, person) in site.accounts().into_iter().enumerate().skip(1) {
        for group in groups.iter().skip(number % 3).step_by(3) {
            site.change_permission(&PermissionChange::GroupMember {
                group: (*group).clone(),
                account: person.account.clone(),
                present: number % 4 == 0,
            })
            .unwrap();
        }
    }
    for level in site.untold().levels {
        let holder = HolderSpec {
            kind: "group".into(),
            parameter: Some(groups[5].clone()),
        };
        let change = PermissionChange::LevelMember {
            level,
            holder,
            present: true,
        };
        site.change_permission(&change).unwrap();
    }
    let after = model.identities_of_now(&issues, before).await;
    assert_eq!(differences(&after.seen(), &model.shown(&after)), [""; 0]);
    let lost = after
        .seen()
        .into_iter()
        .map(|(reader, seen)| seen_before[&reader].difference(&seen).count());
    assert!(lost.sum::<usize>() > 0);
}

/// Jira looks for the readers of an issue among its first thousand users.
#[tokio::test(flavor = "multi_thread")]
async fn no_reader_is_lost_beyond_the_first_thousand_users() {
    let options = Options {
        data_size: DataSize::PermissionsSmall,
        dialect: Dialect::Cloud,
        people: Some(1_400),
        ..Options::default()
    };
    let model = Model::of(options, "per_issue").await;
    let read = model.read(&model.issues().await).await;
    assert!(read.people.len() > 1_000, "{}", read.people.len());
    assert_eq!(differences(&read.seen(), &model.shown(&read)), [""; 0]);
    let asked_about = read.in_use.issues();
    assert!(!asked_about.is_empty());
}

/// Such as a customer of a portal, or a user of another product only.
#[test_case(Dialect::Cloud, None; "cloud")]
#[test_case(Dialect::DataCenter, Some(Version::new(9, 12)); "data center")]
#[tokio::test(flavor = "multi_thread")]
async fn an_account_without_any_product_sees_what_anonymous_sees(dialect: Dialect, version: Option<Version>) {
    let model = Model::new(dialect, version, "deny").await;
    let site = &model.jira.site;
    let issues = model.issues().await;
    let before = model.read(&issues).await.seen();
    let service = site.accounts().remove(0).account;
    let people = before.iter().filter_map(|(who, seen)| Some((who.clone()?, seen.len())));
    let seen_by_most = people.filter(|(who, _)| *who != service);
    let (who, _) = seen_by_most.max_by_key(|(_, seen)| *seen).unwrap();
    let granted = site.granted();
    for group in granted.groups.into_keys().chain(granted.ungranted.into_keys()) {
        let account = who.clone();
        let change = PermissionChange::GroupMember {
            group,
            account,
            present: false,
        };
        site.change_permission(&change).unwrap();
    }
    let read = model.read(&issues).await;
    let seen = read.seen();
    assert_eq!(seen[&Some(who)], seen[&None]);
    assert_eq!(differences(&seen, &model.shown(&read)), [""; 0]);
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
    let after = model.identities_of_now(&issues, before).await;
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
