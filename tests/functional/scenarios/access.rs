//! Document level security: everybody finds through Elasticsearch exactly what Jira would show them.
//!
//! Who sees what is decided by the small Jira of `access`, from people and issues, without any token.

use std::collections::{BTreeMap, BTreeSet};

use pretty_assertions::assert_eq;
use reqwest::Method;
use serde_json::{Value, json};

use crate::access::{Site, World, shuffle};
use crate::harness::{Setup, Stack};

async fn stack(seed: u64) -> (Stack, Site) {
    let site = Site::start(World::new(seed)).await;
    let setup = Setup::default()
        .field("jira_url", site.url.clone())
        .field("use_document_level_security", "true");
    (Stack::with(setup).await, site)
}

/// The `_id`s that somebody must find: projects, issues, and comments that are not for all.
fn expected(world: &World, who: Option<usize>) -> BTreeSet<String> {
    let projects = world
        .projects
        .iter()
        .filter(|project| world.shows_project(who, project));
    let mut ids: BTreeSet<String> = projects
        .map(|project| format!("project-{}", project.id + 100))
        .collect();
    for issue in world.issues.values().filter(|issue| world.is_readable(issue)) {
        if world.may_see(who, issue) {
            ids.insert(format!("P{0}-P{0}-{1}", issue.project, issue.id + 1));
        }
        for (id, seen) in &issue.comments {
            if *seen != crate::access::Seen::Everybody && world.may_see_comment(who, issue, *seen) {
                ids.insert(format!("comment-{id}"));
            }
        }
    }
    ids
}

async fn found(stack: &Stack, query: Value) -> BTreeSet<String> {
    let body = json!({ "query": query, "size": 2_000, "_source": false });
    let answer = stack.elastic.post(&format!("/{}/_search", stack.index), &body).await;
    let hits = answer["hits"]["hits"].as_array().unwrap().iter();
    let ids = hits.map(|hit| hit["_id"].as_str().unwrap().to_owned());
    ids.collect()
}

/// What a template query comes to with its parameters, as Elasticsearch itself renders it.
fn rendered(identity: &Value) -> Value {
    let template = &identity["query"]["template"];
    let tokens = template["params"]["access_control"].to_string();
    let source = template["source"].as_str().unwrap();
    serde_json::from_str(&source.replace("{{#toJson}}access_control{{/toJson}}", &tokens)).unwrap()
}

/// The query that Elastic documents, with the same parameters.
fn documented(identity: &Value) -> Value {
    json!({ "bool": { "should": [
        { "bool": { "must_not": { "exists": { "field": "_allow_access_control" } } } },
        { "terms": { "_allow_access_control.enum": identity["query"]["template"]["params"]["access_control"] } },
    ] } })
}

async fn assert_everybody_sees_what_jira_shows(stack: &Stack, site: &Site) {
    let world = site.world(|world| world.clone());
    stack
        .elastic
        .call(Method::POST, &format!("/{}/_refresh", stack.index), None)
        .await;
    let identities = stack
        .elastic
        .documents(&format!(".search-acl-filter-{}", stack.index))
        .await;
    let has_identity = |at: &usize| world.users[*at].active && world.users[*at].kind == "atlassian";
    let people: BTreeMap<&str, usize> = (0..world.users.len())
        .filter(has_identity)
        .map(|at| (world.users[at].id.as_str(), at))
        .collect();
    assert_eq!(
        identities.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        people.keys().copied().collect::<BTreeSet<_>>(),
        "every active person has an identity, and nobody else"
    );
    for (id, identity) in &identities {
        let expected = expected(&world, Some(people[id.as_str()]));
        let seen = found(stack, rendered(identity)).await;
        let leaks: Vec<&String> = seen.difference(&expected).collect();
        let missing: Vec<&String> = expected.difference(&seen).collect();
        assert!(
            leaks.is_empty() && missing.is_empty(),
            "{id}: leaks {leaks:?}, missing {missing:?}"
        );
        assert_eq!(
            found(stack, documented(identity)).await,
            expected,
            "{id}, by the documented query"
        );
    }
    let public = found(stack, json!({ "terms": { "_allow_access_control": ["anyone"] } })).await;
    assert_eq!(public, expected(&world, None), "not logged in");
}

/// Searches as everybody, with a key made of their identity, and reads all that is found for words of issues that the user
/// does not see: every issue is linked to another.
async fn assert_searches_as_everybody_tell_nothing_of_others(stack: &Stack, site: &Site) {
    let world = site.world(|world| world.clone());
    let identities = stack
        .elastic
        .documents(&format!(".search-acl-filter-{}", stack.index))
        .await;
    let mut hidden_links = 0;
    for (id, identity) in &identities {
        let who = world.users.iter().position(|user| user.id == *id);
        let role = json!({ "reader": { "index": [
            { "names": [stack.index], "privileges": ["read"], "query": identity["query"] },
        ] } });
        let key = json!({ "name": format!("test-{id}"), "expiration": "1h", "role_descriptors": role });
        let key = stack.elastic.post("/_security/api_key", &key).await;
        let path = format!("/{}/_search?size=2000", stack.index);
        let (status, answer) = stack
            .elastic
            .call_with_key(key["encoded"].as_str().unwrap(), Method::GET, &path)
            .await;
        assert_eq!(status, 200, "{id}");
        let hits = answer["hits"]["hits"].as_array().unwrap();
        let seen: BTreeSet<String> = hits.iter().map(|hit| hit["_id"].as_str().unwrap().to_owned()).collect();
        assert_eq!(seen, expected(&world, who), "{id}");
        let readable =
            |issue: u64| world.is_readable(&world.issues[&issue]) && world.may_see(who, &world.issues[&issue]);
        for text in hits.iter().map(|hit| hit["_source"].to_string()) {
            let words = text.split("headline").skip(1);
            let told = words.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
            let hidden: Vec<String> = told.filter(|number| !readable(number.parse().unwrap())).collect();
            assert!(hidden.is_empty(), "{id} reads of {hidden:?}: {text}");
        }
        let seen = world.issues.values().filter(|issue| readable(issue.id));
        hidden_links += seen.filter(|issue| !readable(issue.linked)).count();
    }
    assert!(
        hidden_links > 100,
        "{hidden_links} links lead to what their reader does not see"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_finds_what_jira_shows_them_and_still_does_after_random_changes() {
    let (stack, site) = stack(1).await;
    stack.sync_completes(&[]).await;
    let job = stack.sync_completes(&["--type", "access_control"]).await;
    let denied = job
        .skipped()
        .into_iter()
        .any(|line| line.starts_with("denied: project P5"));
    assert!(denied && job.noted("denied_documents") > 0, "{:?}", job.skipped());
    assert_everybody_sees_what_jira_shows(&stack, &site).await;
    for round in 0..2 {
        site.world(|world| shuffle(world, 100 + round, 25));
        stack.sync_completes(&["--type", "incremental"]).await;
        stack.sync_completes(&["--type", "access_control"]).await;
        assert_everybody_sees_what_jira_shows(&stack, &site).await;
    }
    assert_searches_as_everybody_tell_nothing_of_others(&stack, &site).await;
}

/// Requests for permissions must follow what is granted, not how many issues there are.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reading_permissions_costs_few_requests() {
    let (stack, site) = stack(6).await;
    stack.sync_completes(&[]).await;
    let of_permissions = |requests: BTreeMap<String, u64>| {
        let usual = [
            "myself",
            "serverInfo",
            "field",
            "project/search",
            "search/jql",
            "issue/bulkfetch",
        ];
        requests
            .into_iter()
            .filter(|(path, _)| !usual.contains(&path.as_str()))
            .collect::<BTreeMap<_, _>>()
    };
    let content = of_permissions(site.take_requests());
    let world = site.world(|world| world.clone());
    // Levels, members and schemes come in small pages here.
    let pages = 3 + world.levels.values().map(Vec::len).sum::<usize>() as u64 / 3 + 3;
    assert_eq!(content["project/permissionscheme"], world.projects.len() as u64);
    assert!(
        content.values().sum::<u64>() <= world.projects.len() as u64 + pages + 3,
        "{content:?}"
    );

    stack.sync_completes(&["--type", "access_control"]).await;
    let identities = of_permissions(site.take_requests());
    let granted_roles = identities.get("project/role").copied().unwrap_or(0);
    assert!(
        granted_roles <= (world.projects.len() * 3) as u64,
        "each role of a project once: {identities:?}"
    );
    let memberships: usize = world.groups.iter().map(BTreeSet::len).sum();
    let most = (memberships / 5 + world.groups.len()) as u64;
    assert!(identities["group/member"] <= most, "each group once: {identities:?}");
    assert_eq!(
        identities["users/search"], 5,
        "two pages with users, an empty one between, two at the end"
    );
    assert!(
        !identities.contains_key("user"),
        "nobody is asked about one by one: {identities:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn permissions_alone_are_in_force_after_an_access_control_sync() {
    let (stack, site) = stack(3).await;
    stack.sync_completes(&[]).await;
    stack.sync_completes(&["--type", "access_control"]).await;
    // Public no more, a role emptied, and another project public.
    site.world(|world| {
        world.projects[0]
            .browse
            .retain(|holder| *holder != crate::access::Holder::Anyone);
        world.projects[1].browse.push(crate::access::Holder::Anyone);
        world.roles.values_mut().for_each(|(users, groups)| {
            users.clear();
            groups.clear();
        });
    });
    stack.sync_completes(&["--type", "access_control"]).await;
    assert_everybody_sees_what_jira_shows(&stack, &site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_finds_what_its_user_may_see_until_that_changes() {
    let (stack, site) = stack(4).await;
    std::fs::write(stack.file("admin.yml"), stack.admin_config(&[&stack.connector])).unwrap();
    let admin = stack.file("admin.yml");
    let admin = admin.to_str().unwrap();
    stack.sync_completes(&[]).await;
    stack.sync_completes(&["--type", "access_control"]).await;
    let world = site.world(|world| world.clone());
    let who = 1;
    let user = world.users[who].id.as_str();
    let created = stack
        .command(&["-c", admin, "-o", "json", "access", "key", "create", user])
        .await
        .exits_with(0);
    let mut key = created.json()["encoded"].as_str().unwrap().to_owned();
    let made = stack
        .elastic
        .get(&format!(
            "/_security/api_key?id={}",
            created.json()["id"].as_str().unwrap()
        ))
        .await;
    let made = &made["api_keys"][0];
    let lasts = made["expiration"].as_i64().unwrap() - made["creation"].as_i64().unwrap();
    assert_eq!(lasts, 3_600_000, "an hour unless another time is asked for: {made}");
    let search = async |key: &str| {
        let path = format!("/{}/_search?size=1000&_source=false", stack.index);
        let (status, answer) = stack.elastic.call_with_key(key, Method::GET, &path).await;
        let hits = answer["hits"]["hits"].as_array().cloned().unwrap_or_default();
        let ids = hits.iter().map(|hit| hit["_id"].as_str().unwrap().to_owned());
        (status, ids.collect::<BTreeSet<String>>())
    };
    assert_eq!(search(&key).await, (200, expected(&world, Some(who))));

    // Words of another issue's summary lead to that issue only.
    for issue in world.issues.values().take(40) {
        let path = format!("/{}/_search?q=headline{}&_source=false", stack.index, issue.linked);
        let (_, answer) = stack.elastic.call_with_key(&key, Method::GET, &path).await;
        let visible = u64::from(expected(&world, Some(who)).contains(&format!(
            "P{0}-P{0}-{1}",
            world.issues[&issue.linked].project,
            issue.linked + 1
        )));
        assert_eq!(answer["hits"]["total"]["value"], visible, "headline{}", issue.linked);
    }

    let shown = stack
        .command(&["-c", admin, "-o", "json", "access", "show", user])
        .await
        .exits_with(0)
        .json();
    assert_eq!(shown["identity_is_current"], true);
    let documents = shown["documents"].as_u64().unwrap();
    assert!(documents >= expected(&world, Some(who)).len() as u64, "{shown}");

    let synced = async || {
        let command = ["-c", admin, "sync", "now", "--type", "access_control"];
        stack.command(&command).await.exits_with(0);
    };
    synced().await;
    assert_eq!(search(&key).await.0, 200, "nothing changed");
    // Of all projects, this user may browse the last one, and only it.
    site.world(|world| {
        world.projects.iter_mut().for_each(|project| project.browse.clear());
        world.projects[4].browse.push(crate::access::Holder::User(who));
    });
    synced().await;
    assert_eq!(
        search(&key).await.0,
        401,
        "the key was made for more than its user may see now"
    );
    let created = stack
        .command(&["-c", admin, "-o", "json", "access", "key", "create", user])
        .await
        .exits_with(0);
    key = created.json()["encoded"].as_str().unwrap().to_owned();
    let world = site.world(|world| world.clone());
    assert_eq!(search(&key).await, (200, expected(&world, Some(who))));

    site.world(|world| world.users[who].active = false);
    synced().await;
    assert_eq!(search(&key).await.0, 401, "the key of somebody who left works no more");
    stack
        .command(&["-c", admin, "access", "key", "create", user])
        .await
        .exits_with(1)
        .complains_of(&["no identity"]);
}

/// Its old version stays, and may be for others than the new one, which nobody knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issue_that_cannot_be_read_any_more_is_found_by_nobody_until_it_can() {
    let (stack, site) = stack(7).await;
    stack.sync_completes(&[]).await;
    stack.sync_completes(&["--type", "access_control"]).await;
    let (id, comments) = site.world(|world| {
        let restricted = |issue: &&crate::access::Issue| {
            issue
                .comments
                .iter()
                .any(|(_, seen)| *seen == crate::access::Seen::Agents)
        };
        let mut public = world.issues.values().filter(|issue| world.may_see(None, issue));
        let issue = public.find(restricted).unwrap();
        let own = issue
            .comments
            .iter()
            .filter(|(_, seen)| *seen != crate::access::Seen::Everybody);
        let comments: Vec<String> = own.map(|(id, _)| format!("comment-{id}")).collect();
        let id = issue.id;
        world.broken.insert(id);
        world.now += 1_000;
        world.issues.get_mut(&id).unwrap().updated = world.now;
        (id, comments)
    });
    stack.sync_completes(&["--type", "incremental"]).await;
    let documents = stack.documents().await;
    for document in comments
        .iter()
        .map(|id| &documents[id])
        .chain([&documents[&format!("P0-P0-{}", id + 1)]])
    {
        assert_eq!(document["_allow_access_control"], json!(["nobody"]), "{document}");
    }
    site.world(|world| world.broken.clear());
    stack.sync_completes(&["--type", "incremental"]).await;
    stack.sync_completes(&["--type", "access_control"]).await;
    assert_everybody_sees_what_jira_shows(&stack, &site).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switching_on_and_off_reads_everything_again() {
    let (stack, _site) = stack(5).await;
    let job = stack.sync_completes(&[]).await;
    let all = job.documents("indexed");
    let checked = stack.command(&["-o", "json", "check"]).await;
    let found = |what: &str| {
        let findings = checked.json();
        let all = findings.as_array().unwrap();
        let found = all
            .iter()
            .find(|one| one["subject"].as_str().unwrap().starts_with(what));
        found
            .unwrap_or_else(|| panic!("check says nothing about {what}: {findings}"))
            .clone()
    };
    assert!(
        found("readers of documents")["text"]
            .as_str()
            .unwrap()
            .contains("project P5"),
        "{checked}"
    );
    assert_eq!(found("access tokens")["ok"], true, "{checked}");
    assert_eq!(
        found("permissions for document level security")["ok"],
        true,
        "{checked}"
    );
    // The issues of this site changed while the full sync ran, as far as its clock tells: they are read once more.
    stack.sync_completes(&["--type", "incremental"]).await;
    let quiet = stack.sync_completes(&["--type", "incremental"]).await;
    assert!(quiet.documents("indexed") < all / 2);
    switch(&stack, false).await;
    stack.sync_completes(&["--type", "incremental"]).await;
    let documents = stack.documents().await;
    assert!(
        documents
            .values()
            .all(|document| document.get("_allow_access_control").is_none_or(Value::is_null))
    );
    assert!(
        documents.keys().all(|id| !id.starts_with("comment-")),
        "restricted comments are not indexed without it"
    );
    let failed = stack.sync(&["--type", "access_control"]).await;
    assert_eq!(failed.job.status(), "error");
    assert!(failed.job.error().contains("not switched on"), "{}", failed.job.error());

    switch(&stack, true).await;
    let checked = stack.command(&["check"]).await;
    assert!(checked.stdout.contains("run a full sync"), "{checked}");
    stack.sync_completes(&["--type", "incremental"]).await;
    let documents = stack.documents().await;
    let has_readers = |document: &Value| !document["_allow_access_control"].as_array().is_none_or(Vec::is_empty);
    assert!(documents.values().all(has_readers), "the switch made it a full sync");
}

async fn switch(stack: &Stack, on: bool) {
    let update = json!({ "configuration": { "use_document_level_security": { "value": on } } });
    let path = format!("/.elastic-connectors/_update/{}?refresh=true", stack.connector);
    stack.elastic.post(&path, &json!({ "doc": update })).await;
}
