//! Security levels: which project has which, and who is a member. A few requests for the whole of a Cloud site.
//!
//! Server and Data Center tell nobody the members of a level, so nothing is asked there.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt, TryStreamExt, stream};
use jira_client::{JiraClient, JiraError, SecurityLevelRow};
use sync_engine::access_control::{Holder, Known};

use super::denial::known;
use super::holders::holder;

/// Requests side by side; the client has limits of its own.
const AT_ONCE: usize = 8;

const LEVEL_CURE: &str = "the members of security levels cannot be read; give the account that Jira is read with the \
                          global permission \"Administer Jira\"";
const NO_LEVEL_LIST: &str = "this edition of Jira has no resource that lists the members of security levels";

/// The security levels of a site.
#[derive(Debug, Default)]
pub(super) struct Levels {
    /// By level.
    pub(super) members: BTreeMap<u64, Known<Vec<Holder>>>,
    of_scheme: BTreeMap<u64, BTreeSet<u64>>,
    scheme_of_project: BTreeMap<u64, u64>,
}

impl Levels {
    /// The levels that issues of a project can have.
    pub(super) fn of_project(&self, project: u64) -> BTreeSet<u64> {
        let scheme = self.scheme_of_project.get(&project);
        scheme
            .and_then(|scheme| self.of_scheme.get(scheme))
            .cloned()
            .unwrap_or_default()
    }

    fn add(&mut self, level: &SecurityLevelRow) {
        self.of_scheme.entry(level.scheme).or_default().insert(level.id);
        self.members.insert(level.id, Known::Read(Vec::new()));
    }
}

/// Reads the levels of a Cloud site.
pub(super) async fn read_levels(client: &JiraClient, projects: &[u64]) -> Result<Levels, JiraError> {
    let mut levels = Levels::default();
    let listed = known(client.security_levels().await)?;
    if listed == Known::Read(Vec::new()) {
        return Ok(levels);
    }
    let schemes = known(client.security_schemes_of_projects().await)?;
    match (listed, schemes) {
        (Known::Read(listed), Known::Read(schemes)) => {
            listed.iter().for_each(|level| levels.add(level));
            levels.scheme_of_project = schemes;
        }
        // Some sites lack the lists, or show them to nobody: each project tells its own.
        _ => read_each(client, projects, &mut levels).await?,
    }
    if levels.members.is_empty() {
        return Ok(levels);
    }
    match known(client.security_level_members().await)? {
        Known::Read(members) => {
            for member in members {
                if let Some(Known::Read(holders)) = levels.members.get_mut(&member.level) {
                    holders.push(holder(&member.holder, true));
                }
            }
        }
        unread => {
            let unread = unread.map(|_| Vec::new()).with_cure(LEVEL_CURE);
            levels
                .members
                .values_mut()
                .for_each(|members| *members = unread.clone());
        }
    }
    Ok(levels)
}

/// One request a project. A project that does not tell has no levels that are known, which denies its issues that have one.
async fn read_each(client: &JiraClient, projects: &[u64], levels: &mut Levels) -> Result<(), JiraError> {
    let told: Vec<_> = stream::iter(projects.iter().copied())
        .map(|project| async move {
            let scheme = known(client.security_scheme_of_project(project).await)?;
            Ok::<_, JiraError>((project, scheme))
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    for (project, scheme) in told {
        let Known::Read(of_scheme) = scheme else { continue };
        if let Some(level) = of_scheme.first() {
            levels.scheme_of_project.insert(project, level.scheme);
        }
        of_scheme.iter().for_each(|level| levels.add(level));
    }
    Ok(())
}

/// The reason why a level of an issue is not among those that were read.
pub(super) fn unlisted_level(cloud: bool, readable: bool) -> &'static str {
    match (cloud, readable) {
        (false, _) => NO_LEVEL_LIST,
        (true, true) => "no resource lists this security level, as is usual for team-managed projects",
        (true, false) => LEVEL_CURE,
    }
}
