//! Reads what schemes and levels say: one request a project, levels aside.
//!
//! Security levels are read in `levels`. Members of roles and groups are only needed for identities and read there.

use std::collections::HashMap;

use futures::{StreamExt, TryStreamExt, stream};
use jira_client::{JiraClient, JiraError, Project as JiraProject};
use sync_engine::access_control::{Holder, Known, Project, Site};

use super::denial::known;
use super::holders::holder;
use super::levels::{Levels, read_levels};

/// Requests side by side; the client has limits of its own.
const AT_ONCE: usize = 8;

const SCHEME_CURE: &str = "the permission scheme cannot be read; give the account that Jira is read with the global \
                           permission \"Administer Jira\", or \"Administer Projects\" in this project";

/// Reads schemes and levels of these projects, without the members of roles and groups.
pub(in crate::inbound::source) async fn read_schemes(
    client: &JiraClient,
    projects: &[JiraProject],
) -> Result<Site, JiraError> {
    let cloud = client.edition().is_cloud();
    let ids: Vec<u64> = projects.iter().map(|project| project.id).collect();
    let levels = if cloud {
        read_levels(client, &ids).await?
    } else {
        Levels::default()
    };
    let mut holders: HashMap<u64, Known<Vec<Holder>>> = stream::iter(ids)
        .map(|id| async move {
            let rows = known(client.browse_holders(id).await)?;
            let holders = rows.map(|rows| rows.iter().map(|row| holder(row, cloud)).collect());
            Ok::<_, JiraError>((id, holders.with_cure(SCHEME_CURE)))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut site = Site::default();
    for project in projects {
        let untold = || Known::Refused(SCHEME_CURE.to_owned());
        let browse = holders.remove(&project.id).unwrap_or_else(untold);
        site.projects.insert(
            project.id,
            Project {
                key: project.key.clone(),
                // Logins are known where identities are made.
                lead: None,
                browse,
                levels: levels.of_project(project.id),
            },
        );
    }
    site.levels = levels.members;
    Ok(site)
}
