//! The test of a connector: is the site there, may the account do what is needed. Writes nothing.

use http_kit::NotDone;
use jira_client::WritableField;

use super::answer::not_done;
use super::site::Site;
use crate::outbound::kinds::Check;

/// Permissions with the thing that fails without them.
const PERMISSIONS: [(&str, &str); 5] = [
    ("BROWSE_PROJECTS", "issues cannot be read, so nothing can be confirmed"),
    ("CREATE_ISSUES", "no issue can be made"),
    (
        "EDIT_ISSUES",
        "issues cannot be updated, and what was sent cannot be noted on them",
    ),
    ("ADD_COMMENTS", "comments cannot be added"),
    ("TRANSITION_ISSUES", "issues cannot be closed"),
];

/// What was seen at a site that took the login.
pub(super) async fn checks(site: &Site) -> Vec<Check> {
    let mut checks = vec![check("the site answers and takes the login", Ok(site.url("")))];
    checks.extend(permissions(site).await);
    let types = site.issue_types().await;
    checks.push(check(
        "the project has issue types",
        types.as_ref().map(|types| {
            let listed: Vec<String> = types.iter().map(|one| format!("{} ({})", one.name, one.id)).collect();
            listed.join(", ")
        }),
    ));
    for one in types
        .iter()
        .flat_map(|types| types.iter())
        .filter(|one| !one.is_subtask)
    {
        let name = format!("fields that {} ({}) requires", one.name, one.id);
        let screen = site.screen(&one.id).await;
        checks.push(check(&name, screen.as_ref().map(|screen| required(screen))));
    }
    checks
}

/// A line about one thing.
pub(super) fn check(name: &str, seen: Result<String, &NotDone>) -> Check {
    Check {
        name: name.to_owned(),
        ok: seen.is_ok(),
        hint: seen.unwrap_or_else(|error| error.to_string()),
    }
}

async fn permissions(site: &Site) -> Vec<Check> {
    let keys: Vec<&str> = PERMISSIONS.iter().map(|(key, _)| *key).collect();
    let held = match site.client.my_permissions_in(&site.project, &keys).await {
        Ok(held) => held,
        Err(error) => {
            let name = format!("the account sees project {}", site.project);
            return vec![check(&name, Err(&not_done("read the account's permissions", error)))];
        }
    };
    let lines = PERMISSIONS.iter().map(|(key, without)| {
        let ok = held.get(*key) == Some(&true);
        Check {
            name: format!("permission {key} in {}", site.project),
            ok,
            hint: if ok {
                "it is there".to_owned()
            } else {
                format!("{without}: have it given to the account in the project's permission scheme")
            },
        }
    });
    lines.collect()
}

fn required(screen: &[WritableField]) -> String {
    let asked = screen.iter().filter(|field| field.is_required && !field.has_default);
    let asked = asked.filter(|field| !matches!(field.id.as_str(), "project" | "issuetype" | "summary" | "reporter"));
    let named: Vec<String> = asked.map(|field| format!("{} ({})", field.name, field.id)).collect();
    if named.is_empty() {
        "none beside summary".to_owned()
    } else {
        format!("{}; give them in otherFields", named.join(", "))
    }
}
