//! The small Jira over HTTP, in Cloud's shapes, as far as a sync asks. Lists come in small pages.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::world::{GROUP_FIELD, Holder, Issue, ROLES, Seen, USER_FIELD, World};

#[derive(Debug, Default)]
struct Requests(BTreeMap<String, u64>);

/// A running small Jira.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    world: Arc<Mutex<World>>,
    requests: Arc<Mutex<Requests>>,
    pub(crate) url: String,
}

impl Site {
    pub(crate) async fn start(world: World) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let site = Self {
            world: Arc::new(Mutex::new(world)),
            requests: Arc::default(),
            url,
        };
        let router = axum::Router::new().fallback(answer).with_state(site.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        site
    }

    /// Looks at the world, or changes it.
    pub(crate) fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.world.lock().unwrap())
    }

    /// Requests since the last call, by the last words of their paths, numbers left out.
    pub(crate) fn take_requests(&self) -> BTreeMap<String, u64> {
        std::mem::take(&mut self.requests.lock().unwrap().0)
    }
}

async fn answer(State(site): State<Site>, method: Method, uri: Uri, body: Bytes) -> Response {
    let path = uri
        .path()
        .trim_start_matches("/rest/api/2/")
        .trim_start_matches("/rest/api/3/")
        .to_owned();
    let kind: Vec<&str> = path.split('/').filter(|part| part.parse::<u64>().is_err()).collect();
    *site.requests.lock().unwrap().0.entry(kind.join("/")).or_default() += 1;
    let query: BTreeMap<String, String> = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .into_owned()
        .collect();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let found = site.world(|world| {
        Answers {
            world,
            query: &query,
            body: &body,
        }
        .find(&path)
    });
    let (status, value) = found.unwrap_or_else(|| {
        (
            404,
            json!({"errorMessages": [format!("no such thing: {method} {path}")], "errors": {}}),
        )
    });
    let headers = [("x-aaccountid", "service"), ("content-type", "application/json")];
    (StatusCode::from_u16(status).unwrap(), headers, value.to_string()).into_response()
}

struct Answers<'a> {
    world: &'a World,
    query: &'a BTreeMap<String, String>,
    body: &'a Value,
}

impl Answers<'_> {
    fn find(&self, path: &str) -> Option<(u16, Value)> {
        let parts: Vec<&str> = path.split('/').collect();
        let value = match parts.as_slice() {
            ["myself"] => json!({"accountId": "service", "displayName": "Service", "active": true, "timeZone": "UTC"}),
            ["serverInfo"] => json!({"baseUrl": "https://small.example", "version": "1001.0.0-SNAPSHOT",
                "deploymentType": "Cloud", "serverTime": time(self.world.now)}),
            ["field"] => json!([
                {"id": USER_FIELD, "name": "Watching team", "custom": true, "schema": {"type": "array", "items": "user"}},
                {"id": GROUP_FIELD, "name": "Groups", "custom": true, "schema": {"type": "array", "items": "group"}},
            ]),
            ["project", "search"] if self.query["status"] == "live" => self.page(
                self.world
                    .projects
                    .iter()
                    .map(|project| self.project(project.id))
                    .collect(),
                4,
            ),
            ["project", "search"] => self.page(Vec::new(), 50),
            ["project", id, "permissionscheme"] => return self.scheme(id.parse().ok()?),
            ["project", id, "role", role] => self.role(id.parse().ok()?, role.parse().ok()?),
            ["role"] => ROLES
                .iter()
                .map(|id| json!({"id": id, "name": format!("Role {id}")}))
                .collect(),
            ["search", "jql"] => self.search(),
            ["issue", "bulkfetch"] => self.bulk(),
            ["issuesecurityschemes", "level"] => {
                let level = |id: &u64| json!({"id": id.to_string(), "issueSecuritySchemeId": (id / 2).to_string()});
                self.page(self.world.levels.keys().map(level).collect(), 4)
            }
            ["issuesecurityschemes", "project"] => {
                let with_scheme = self
                    .world
                    .projects
                    .iter()
                    .filter_map(|project| Some((project.id, project.scheme?)));
                let rows = with_scheme.map(
                    |(id, scheme)| json!({"issueSecuritySchemeId": scheme.to_string(), "projectId": (id + 100).to_string()}),
                );
                self.page(rows.collect(), 2)
            }
            ["issuesecurityschemes", "level", "member"] => {
                let members = self.world.levels.iter().flat_map(|(id, members)| {
                    members.iter().map(move |holder| {
                        json!({"id": 1, "issueSecurityLevelId": id.to_string(),
                        "holder": self.holder(holder)})
                    })
                });
                self.page(members.collect(), 3)
            }
            ["applicationrole"] => self
                .world
                .applications
                .iter()
                .map(|(key, groups)| {
                    let details: Vec<Value> = groups.iter().map(|at| group(*at)).collect();
                    json!({"key": key, "groups": ["x"], "groupDetails": details})
                })
                .collect(),
            ["users", "search"] => self.users(),
            ["user"] => {
                let found = self
                    .world
                    .users
                    .iter()
                    .position(|user| user.id == self.query["accountId"])?;
                self.user(found)
            }
            ["group", "member"] => {
                let at: usize = self.query["groupId"].strip_prefix("group-")?.parse().ok()?;
                let active = self.world.groups[at]
                    .iter()
                    .filter(|member| self.world.users[**member].active);
                self.page(active.map(|member| self.user(*member)).collect(), 5)
            }
            ["mypermissions"] => {
                let keys = self.query["permissions"]
                    .split(',')
                    .map(|key| (key.to_owned(), json!({"havePermission": true})));
                json!({"permissions": keys.collect::<serde_json::Map<_, _>>()})
            }
            _ => return None,
        };
        Some((200, value))
    }

    /// A page of at most `most` rows, whatever was asked for.
    fn page(&self, rows: Vec<Value>, most: usize) -> Value {
        let start: usize = self.query.get("startAt").map_or(0, |start| start.parse().unwrap());
        let values: Vec<Value> = rows.iter().skip(start).take(most).cloned().collect();
        let is_last = start + values.len() >= rows.len();
        json!({"startAt": start, "maxResults": most, "total": rows.len(), "isLast": is_last, "values": values})
    }

    fn users(&self) -> Value {
        // A page in the middle is empty, as when all users of it are filtered out.
        let start: usize = self.query["startAt"].parse().unwrap();
        match start / 1_000 {
            0 => (0..self.world.users.len() / 2).map(|at| self.user(at)).collect(),
            2 => (self.world.users.len() / 2..self.world.users.len())
                .map(|at| self.user(at))
                .collect(),
            _ => json!([]),
        }
    }

    fn user(&self, at: usize) -> Value {
        let user = &self.world.users[at];
        json!({"accountId": user.id, "accountType": user.kind, "displayName": format!("User {at}"), "active": user.active})
    }

    fn project(&self, id: u64) -> Value {
        let project = &self.world.projects[id as usize];
        json!({"id": (id + 100).to_string(), "key": project.key, "name": project.key, "lead": self.user(project.lead)})
    }

    fn scheme(&self, id: u64) -> Option<(u16, Value)> {
        let project = self.world.projects.get(id as usize - 100)?;
        if !project.readable {
            return Some((
                403,
                json!({"errorMessages": ["You do not administer this project."], "errors": {}}),
            ));
        }
        let grants = project
            .browse
            .iter()
            .map(|holder| json!({"permission": "BROWSE_PROJECTS", "holder": self.holder(holder)}));
        let others = json!({"permission": "EDIT_ISSUES", "holder": {"type": "anyone"}});
        Some((
            200,
            json!({"id": 1, "permissions": grants.chain([others]).collect::<Vec<_>>()}),
        ))
    }

    fn role(&self, project: u64, role: u64) -> Value {
        let (users, groups) = &self.world.roles[&(project - 100, role)];
        let users = users.iter().map(|at| {
            json!({"type": "atlassian-user-role-actor",
            "actorUser": {"accountId": self.world.users[*at].id}})
        });
        let groups = groups.iter().map(|at| {
            json!({"type": "atlassian-group-role-actor", "name": format!("Group {at}"),
            "actorGroup": group(*at)})
        });
        json!({"id": role, "actors": users.chain(groups).collect::<Vec<_>>()})
    }

    fn holder(&self, holder: &Holder) -> Value {
        let with = |kind: &str, value: String| json!({"type": kind, "parameter": value, "value": value});
        match holder {
            Holder::Anyone => json!({"type": "anyone"}),
            Holder::LoggedIn => json!({"type": "applicationRole"}),
            Holder::Application(key) => with("applicationRole", (*key).to_owned()),
            Holder::Group(at) => {
                json!({"type": "group", "parameter": format!("Group {at}"), "value": format!("group-{at}")})
            }
            Holder::Role(id) => with("projectRole", id.to_string()),
            Holder::User(at) => with("user", self.world.users[*at].id.clone()),
            Holder::Lead => json!({"type": "projectLead"}),
            Holder::Reporter => json!({"type": "reporter"}),
            Holder::Assignee => json!({"type": "assignee"}),
            Holder::UserField => with("userCustomField", USER_FIELD.to_owned()),
            Holder::GroupField => with("groupCustomField", GROUP_FIELD.to_owned()),
            Holder::Portal => json!({"type": "sd.customer.portal.only"}),
        }
    }

    /// Everything, what changed since an instant, or these ids: the only questions of a sync.
    fn search(&self) -> Value {
        let jql = self.body["jql"].as_str().unwrap();
        let since: Option<i64> = jql.split("updated >= ").nth(1).map(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse().unwrap()
        });
        let ids: Option<Vec<u64>> = jql.split("id in (").nth(1).map(|rest| {
            let listed = rest.split(')').next().unwrap();
            listed.split(',').map(|id| id.parse().unwrap()).collect()
        });
        let wanted = |issue: &&Issue| {
            since.is_none_or(|since| issue.updated >= since)
                && ids.as_ref().is_none_or(|ids| ids.contains(&(issue.id + 1_000)))
        };
        let rows = self
            .world
            .issues
            .values()
            .filter(wanted)
            .map(|issue| json!({"id": (issue.id + 1_000).to_string(), "fields": {"updated": time(issue.updated)}}));
        json!({"issues": rows.collect::<Vec<_>>(), "isLast": true})
    }

    fn bulk(&self) -> Value {
        let ids = self.body["issueIdsOrKeys"].as_array().unwrap();
        let ids = ids
            .iter()
            .filter_map(|id| id.as_str()?.parse::<u64>().ok()?.checked_sub(1_000));
        let (broken, whole): (Vec<u64>, Vec<u64>) = ids.partition(|id| self.world.broken.contains(id));
        let found = whole.iter().filter_map(|id| self.world.issues.get(id));
        let issues: Vec<Value> = found.map(|issue| self.issue(issue)).collect();
        let error = |id: &u64| json!({"id": (id + 1_000).to_string(), "errorMessage": "it broke"});
        json!({"issues": issues, "issueErrors": broken.iter().map(error).collect::<Vec<_>>()})
    }

    fn issue(&self, issue: &Issue) -> Value {
        let other = &self.world.issues[&issue.linked];
        let comments = issue.comments.iter().map(|(id, seen)| {
            let mut comment = json!({"id": id.to_string(), "body": format!("remark{id}"), "updated": time(issue.updated),
                "jsdPublic": *seen != Seen::Agents});
            match seen {
                Seen::Role(role) => {
                    let name = format!("Role {role}");
                    comment["visibility"] = json!({"type": "role", "value": name, "identifier": name});
                }
                Seen::Group(at) => {
                    comment["visibility"] = json!({"type": "group", "value": format!("Group {at}"),
                        "identifier": format!("group-{at}")});
                }
                Seen::Agents | Seen::Everybody => {}
            }
            comment
        });
        let comments: Vec<Value> = comments.collect();
        let roles: Vec<Value> = issue
            .restriction
            .iter()
            .map(|id| json!({"restrictionValue": id.to_string()}))
            .collect();
        let restrictions = if roles.is_empty() {
            json!({})
        } else {
            json!({"projectrole": roles})
        };
        let users: Vec<Value> = issue.users.iter().map(|at| self.user(*at)).collect();
        let groups: Vec<Value> = issue.groups.iter().map(|at| group(*at)).collect();
        json!({
            "id": (issue.id + 1_000).to_string(),
            "key": self.key(issue),
            "fields": {
                "summary": format!("headline{}", issue.id),
                "project": self.project(issue.project),
                "issuetype": {"name": "Task"},
                "updated": time(issue.updated),
                "created": time(1_700_000_000_000 + issue.id as i64),
                "security": issue.level.map(|id| json!({"id": id.to_string(), "name": "Level"})),
                "issuerestriction": {"issuerestrictions": restrictions, "shouldDisplay": true},
                "reporter": self.user(issue.reporter),
                "assignee": issue.assignee.map(|at| self.user(at)),
                USER_FIELD: users,
                GROUP_FIELD: groups,
                "comment": {"comments": comments, "total": comments.len(), "maxResults": comments.len()},
                "worklog": {"worklogs": [], "total": 0, "maxResults": 20},
                "attachment": [],
                "issuelinks": [{"id": "1", "type": {"name": "Relates"}, "outwardIssue": {"id": (other.id + 1_000).to_string(),
                    "key": self.key(other), "fields": {"summary": format!("headline{}", other.id)}}}],
            },
        })
    }

    fn key(&self, issue: &Issue) -> String {
        format!("P{}-{}", issue.project, issue.id + 1)
    }
}

fn group(at: usize) -> Value {
    json!({"name": format!("Group {at}"), "groupId": format!("group-{at}")})
}

fn time(milliseconds: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(milliseconds)
        .unwrap()
        .format("%Y-%m-%dT%H:%M:%S%.3f+0000")
        .to_string()
}
