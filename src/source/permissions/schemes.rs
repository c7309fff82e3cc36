//! Reads what schemes and levels say: one request a project, and a few for the security levels of the whole site.
//!
//! Members of roles and groups are only needed for identities and read there.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures::{StreamExt, TryStreamExt, stream};
use jira_client::{JiraClient, JiraError, Permitted, Project as JiraProject};
use serde_json::Value;

use super::holders::holder;
use crate::access_control::{Account, Known, Project, Site};

/// Requests side by side; the client has limits of its own.
const AT_ONCE: usize = 8;

const SCHEME_CURE: &str = "the permission scheme cannot be read; give the account that Jira is read with the global \
                           permission \"Administer Jira\", or \"Administer Projects\" in this project";
const LEVEL_CURE: &str = "the members of security levels cannot be read; give the account that Jira is read with the \
                          global permission \"Administer Jira\"";
const NO_LEVEL_LIST: &str = "this edition of Jira has no resource that lists the members of security levels";

/// Reads schemes and levels of these projects, without the members of roles and groups.
pub(in crate::source) async fn read_schemes(client: &JiraClient, projects: &[JiraProject]) -> Result<Site, JiraError> {
    let cloud = client.edition().is_cloud();
    let levels = if cloud {
        read_levels(client).await?
    } else {
        Levels::default()
    };
    let ids: Vec<u64> = projects.iter().map(|project| project.id).collect();
    let holders: HashMap<u64, _> = stream::iter(ids)
        .map(|id| async move { client.browse_holders(id).await.map(|holders| (id, holders)) })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut site = Site {
        levels: levels.members,
        ..Site::default()
    };
    for project in projects {
        let browse = match holders.get(&project.id) {
            Some(Permitted::Read(rows)) => Known::Read(rows.iter().map(|row| holder(row, cloud)).collect()),
            Some(Permitted::Refused(words)) => Known::Unreadable(format!("{SCHEME_CURE} ({words})")),
            None => Known::Unreadable(SCHEME_CURE.to_owned()),
        };
        let scheme = levels.scheme_of_project.get(&project.id);
        let of_scheme = scheme.and_then(|scheme| levels.of_scheme.get(scheme));
        site.projects.insert(
            project.id,
            Project {
                key: project.key.clone(),
                lead: lead(project.raw.get("lead")),
                browse,
                levels: of_scheme.cloned().unwrap_or_default(),
            },
        );
    }
    Ok(site)
}

#[derive(Default)]
struct Levels {
    members: BTreeMap<u64, Known<Vec<crate::access_control::Holder>>>,
    of_scheme: HashMap<u64, BTreeSet<u64>>,
    scheme_of_project: BTreeMap<u64, u64>,
}

async fn read_levels(client: &JiraClient) -> Result<Levels, JiraError> {
    let mut levels = Levels::default();
    let (listed, schemes) = (
        client.security_levels().await?,
        client.security_schemes_of_projects().await?,
    );
    let (Permitted::Read(listed), Permitted::Read(schemes)) = (listed, schemes) else {
        // Without the list of levels no issue that has one can be opened to anybody.
        return Ok(levels);
    };
    levels.scheme_of_project = schemes;
    for level in &listed {
        levels.of_scheme.entry(level.scheme).or_default().insert(level.id);
        levels.members.insert(level.id, Known::Read(Vec::new()));
    }
    if listed.is_empty() {
        return Ok(levels);
    }
    match client.security_level_members().await? {
        Permitted::Read(members) => {
            for member in members {
                if let Some(Known::Read(holders)) = levels.members.get_mut(&member.level) {
                    holders.push(holder(&member.holder, true));
                }
            }
        }
        Permitted::Refused(words) => {
            let unreadable = || Known::Unreadable(format!("{LEVEL_CURE} ({words})"));
            levels.members.values_mut().for_each(|members| *members = unreadable());
        }
    }
    Ok(levels)
}

/// Why a level of an issue is not among those that were read.
pub(super) fn unlisted_level(cloud: bool, readable: bool) -> &'static str {
    match (cloud, readable) {
        (false, _) => NO_LEVEL_LIST,
        (true, true) => "no resource lists this security level, as is usual for team-managed projects",
        (true, false) => LEVEL_CURE,
    }
}

/// Cloud names the account id, the others key and login.
fn lead(raw: Option<&Value>) -> Option<Account> {
    let raw = raw?;
    let id = ["accountId", "key", "name"]
        .iter()
        .find_map(|member| raw.get(member)?.as_str());
    id.filter(|id| !id.is_empty()).map(Account::new)
}
