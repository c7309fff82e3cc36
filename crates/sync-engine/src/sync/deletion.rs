//! Deleting needs proof: a complete listing, the same account, confirmation of every missing id, and the guard.
//!
//! This file only decides and carries out. What is left over is found by `diff`; Jira is asked through [`Source`].

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::diff::{Evidence, Leftover, SealedSynced};
use super::document::DocumentKind;
use super::error::SyncError;
use super::listing::IssueId;
use super::sink::{IndexScan, IndexSelection, IndexedDocument, IndexedPage, Operation, Sink};
use super::source::{Confirmation, ItemFailure, MissingIssue, Source};

/// Fewer deletions than this are never held back.
const ALWAYS_ALLOWED: u64 = 10;

/// Stands for the project of documents that do not name one.
const UNKNOWN_PROJECT: &str = "(unknown)";

/// Stands for the project of boards and sprints.
const BOARDS: &str = "(boards and sprints)";

/// A refusal names at most this many projects.
const NAMED_PROJECTS: usize = 10;

/// The last line of defence against emptying an index by mistake.
#[derive(Debug, Clone, Copy)]
pub struct DeletionGuard {
    /// Most documents that may go in one sync, in percent of the index; 100 switches the guard off.
    pub max_percent: u64,
    /// As many as this were allowed for this one job by someone who looked.
    pub allowed_once: Option<u64>,
}

/// The verdict of the guard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GuardVerdict {
    /// Go ahead.
    Allowed,
    /// Delete nothing.
    Refused,
}

impl DeletionGuard {
    /// Judges `vanishing` documents of an index that holds `indexed`.
    pub fn judge(&self, vanishing: u64, indexed: u64) -> GuardVerdict {
        let few = vanishing <= ALWAYS_ALLOWED;
        let small_share = self.max_percent >= 100 || vanishing * 100 <= self.max_percent * indexed;
        let allowed = self.allowed_once.is_some_and(|limit| vanishing <= limit);
        if few || small_share || allowed {
            GuardVerdict::Allowed
        } else {
            GuardVerdict::Refused
        }
    }
}

/// Documents that may have to go, sorted by what is needed to know it.
#[derive(Debug, Default)]
pub(super) struct Leftovers {
    /// The same object is indexed under a newer id, or the sync rules leave it out.
    superseded: Vec<String>,
    /// Their issue says that they are gone.
    detached: Vec<(String, Option<String>)>,
    by_issue: HashMap<IssueId, (MissingIssue, Vec<String>)>,
    by_project: HashMap<u64, (Option<String>, Vec<String>)>,
    boards: HashMap<(DocumentKind, u64), String>,
    /// Documents without a numeric id, by the key they name: made by another connector.
    by_key: HashMap<Option<String>, Vec<IndexedDocument>>,
}

/// Reads the selected part of the index and sorts out what this sync did not write.
pub(super) async fn find_leftovers<K: Sink>(
    sink: &K,
    synced: &SealedSynced,
    evidence: Evidence<'_>,
    selection: IndexSelection,
) -> Result<Leftovers, SyncError> {
    let mut leftovers = Leftovers::default();
    // Whether they are indexed or not: a batch that lacks an issue which is there would lose it.
    let absent = synced.absent().filter(|id| match &selection {
        IndexSelection::OfIssues(ids) => ids.contains(id),
        _ => true,
    });
    let missing = |id| MissingIssue { id, key: None };
    leftovers.by_issue = absent.map(|id| (id, (missing(id), Vec::new()))).collect();
    let mut scan = sink.scan(selection).await?;
    while let IndexedPage::Documents(documents) = scan.next_page().await? {
        for document in documents {
            match synced.judge(&document, evidence) {
                Leftover::Keep => {}
                Leftover::Superseded | Leftover::LeftOut => leftovers.superseded.push(document.id),
                Leftover::Detached => leftovers.detached.push((document.id, document.key)),
                Leftover::IssueMissing(missing) => {
                    let entry = leftovers
                        .by_issue
                        .entry(missing.id)
                        .or_insert_with(|| (missing.clone(), Vec::new()));
                    entry.0.key = entry.0.key.take().or(missing.key);
                    entry.1.push(document.id);
                }
                Leftover::ProjectMissing(id) => {
                    let entry = leftovers.by_project.entry(id).or_default();
                    entry.0 = document.key;
                    entry.1.push(document.id);
                }
                Leftover::BoardMissing(kind, id) => drop(leftovers.boards.insert((kind, id), document.id)),
                Leftover::Unidentified => {
                    leftovers.by_key.entry(document.key.clone()).or_default().push(document);
                }
            }
        }
    }
    Ok(leftovers)
}

/// Jira's answers about the leftovers.
#[derive(Debug, Default)]
pub(super) struct Proof {
    /// Jira no longer shows them: these count for the guard.
    vanished: Vec<String>,
    /// Outside the scope by what they say themselves: these count, too, unless the scope was changed.
    out_of_scope: Vec<String>,
    /// Renamed, or set aside by somebody: these do not.
    set_aside: Vec<String>,
    /// Documents that vanish, by project key.
    projects: BTreeMap<String, u64>,
    /// The issues that go.
    pub(super) issues: HashSet<IssueId>,
    /// Issues that exist, belong into the listing, and were not in it.
    pub(super) lagging: Vec<IssueId>,
    /// Issues that Jira was asked for and that it gave no clear answer about: what is indexed of them may be outdated.
    pub(super) unread: Vec<ItemFailure>,
    /// Things that Jira gave no clear answer about; they stay.
    pub(super) unknown: Vec<String>,
}

/// Asks Jira about every leftover.
pub(super) async fn prove<S: Source>(
    source: &S,
    leftovers: Leftovers,
    synced: &SealedSynced,
    evidence: Evidence<'_>,
) -> Result<Proof, SyncError> {
    let mut proof = Proof {
        set_aside: leftovers.superseded,
        ..Proof::default()
    };
    for (id, key) in leftovers.detached {
        proof.vanish(key.as_deref().map_or(UNKNOWN_PROJECT, project_of), [id]);
    }
    let mut by_issue = leftovers.by_issue;
    let missing: Vec<MissingIssue> = by_issue.values().map(|(missing, _)| missing.clone()).collect();
    let answers = if missing.is_empty() {
        Vec::new()
    } else {
        source.confirm(missing).await?
    };
    for (issue_id, answer) in answers {
        let Some((missing, documents)) = by_issue.remove(&issue_id) else {
            continue;
        };
        if matches!(
            answer,
            Confirmation::Gone | Confirmation::OutOfScope | Confirmation::SetAside
        ) {
            proof.issues.insert(issue_id);
        }
        match answer {
            Confirmation::Gone => {
                let project = missing.key.as_deref().map_or(UNKNOWN_PROJECT, project_of);
                proof.vanish(project, documents);
            }
            Confirmation::OutOfScope => {
                let project = missing.key.as_deref().map_or(UNKNOWN_PROJECT, project_of);
                proof.leave(project, documents);
            }
            Confirmation::SetAside => proof.set_aside.extend(documents),
            Confirmation::Lagging => proof.lagging.push(issue_id),
            Confirmation::Unknown(reason) => {
                let item = format!("issue {issue_id}");
                if !documents.is_empty() {
                    proof.unknown.push(format!("{item}: {reason}"));
                }
                if synced.is_absent(issue_id) {
                    proof.unread.push(ItemFailure { issue_id, item, reason });
                }
            }
        }
    }
    proof.unknown.extend(
        by_issue
            .into_keys()
            .map(|id| format!("issue {id}: Jira was not asked about it")),
    );

    prove_by_key(source, leftovers.by_key, synced, evidence, &mut proof).await?;
    prove_boards(source, leftovers.boards, &mut proof).await?;

    let mut by_project = leftovers.by_project;
    let missing: Vec<u64> = by_project.keys().copied().collect();
    let answers = if missing.is_empty() {
        Vec::new()
    } else {
        source.confirm_projects(missing).await?
    };
    for (project_id, answer) in answers {
        let Some((key, documents)) = by_project.remove(&project_id) else {
            continue;
        };
        match answer {
            Confirmation::Gone => proof.vanish(key.as_deref().unwrap_or(UNKNOWN_PROJECT), documents),
            Confirmation::OutOfScope => proof.leave(key.as_deref().unwrap_or(UNKNOWN_PROJECT), documents),
            Confirmation::SetAside => proof.set_aside.extend(documents),
            Confirmation::Lagging => proof
                .unknown
                .push(format!("project {project_id}: the list of projects lacks it")),
            Confirmation::Unknown(reason) => proof.unknown.push(format!("project {project_id}: {reason}")),
        }
    }
    Ok(proof)
}

/// Documents of another connector name keys, which change. When the issue behind a key was read whole in this sync, all
/// its documents were written anew, and what still carries the old form is superseded.
async fn prove_by_key<S: Source>(
    source: &S,
    by_key: HashMap<Option<String>, Vec<IndexedDocument>>,
    synced: &SealedSynced,
    evidence: Evidence<'_>,
    proof: &mut Proof,
) -> Result<(), SyncError> {
    for (key, documents) in by_key {
        let Some(key) = key else {
            let unknown = documents
                .iter()
                .map(|document| format!("document {}: it names neither id nor key", document.id));
            proof.unknown.extend(unknown);
            continue;
        };
        match source.resolve_key(&key).await? {
            None => proof.vanish(project_of(&key), documents.into_iter().map(|document| document.id)),
            Some(id) => {
                for document in documents {
                    if synced.told_all(id, document.kind, evidence) {
                        proof.set_aside.push(document.id);
                    } else {
                        proof
                            .unknown
                            .push(format!("document {}: {key} exists and was not read whole", document.id));
                    }
                }
            }
        }
    }
    Ok(())
}

async fn prove_boards<S: Source>(
    source: &S,
    mut boards: HashMap<(DocumentKind, u64), String>,
    proof: &mut Proof,
) -> Result<(), SyncError> {
    if boards.is_empty() {
        return Ok(());
    }
    let missing = boards.keys().copied().collect();
    for (board, answer) in source.confirm_boards(missing).await? {
        let Some(document) = boards.remove(&board) else {
            continue;
        };
        match answer {
            Confirmation::Gone => proof.vanish(BOARDS, [document]),
            Confirmation::OutOfScope | Confirmation::SetAside => proof.set_aside.push(document),
            Confirmation::Lagging => proof
                .unknown
                .push(format!("{document}: the list of boards or sprints lacks it")),
            Confirmation::Unknown(reason) => proof.unknown.push(format!("{document}: {reason}")),
        }
    }
    let not_asked = boards.into_values();
    proof
        .unknown
        .extend(not_asked.map(|document| format!("{document}: Jira was not asked about it")));
    Ok(())
}

/// The project part of an issue's key.
fn project_of(key: &str) -> &str {
    key.rsplit_once('-').map_or(key, |(project, _)| project)
}

impl Proof {
    fn vanish(&mut self, project: &str, documents: impl IntoIterator<Item = String>) {
        for document in documents {
            self.vanished.push(document);
            *self.projects.entry(project.to_owned()).or_default() += 1;
        }
    }

    fn leave(&mut self, project: &str, documents: impl IntoIterator<Item = String>) {
        for document in documents {
            self.out_of_scope.push(document);
            *self.projects.entry(project.to_owned()).or_default() += 1;
        }
    }

    /// The number of documents that would go.
    pub(super) fn deletions(&self) -> u64 {
        self.documents().len() as u64
    }

    /// The documents that would go.
    pub(super) fn documents(&self) -> Vec<&str> {
        let all = self.vanished.iter().chain(&self.out_of_scope).chain(&self.set_aside);
        all.map(String::as_str).collect()
    }

    /// Deletes what was proved, or refuses as a whole. `was_decided`: somebody changed the scope, so that it is no wonder
    /// when much leaves it.
    pub(super) async fn carry_out<K: Sink>(
        self,
        sink: &K,
        guard: DeletionGuard,
        was_decided: bool,
    ) -> Result<(), SyncError> {
        let indexed = sink.count().await?;
        let leaving = if was_decided { 0 } else { self.out_of_scope.len() };
        if guard.judge((self.vanished.len() + leaving) as u64, indexed) == GuardVerdict::Refused {
            return Err(SyncError::DeletionRefused(self.refusal(guard, indexed, leaving)));
        }
        let all = self.vanished.into_iter().chain(self.out_of_scope).chain(self.set_aside);
        let distinct: BTreeSet<String> = all.collect();
        for id in distinct {
            sink.write(Operation::Delete { id }).await?;
        }
        sink.flush().await?;
        Ok(())
    }

    fn refusal(&self, guard: DeletionGuard, indexed: u64, leaving: usize) -> String {
        let (hidden, vanishing) = (self.vanished.len(), (self.vanished.len() + leaving) as u64);
        let what = match (hidden, leaving) {
            (_, 0) => "are not shown by Jira any more".to_owned(),
            (0, _) => "left what is synced: they are archived, or in other projects".to_owned(),
            _ => format!(
                "are not shown by Jira any more ({hidden}) or left what is synced ({leaving} are archived, or in other projects)"
            ),
        };
        let percent = vanishing as f64 * 100.0 / indexed as f64;
        let mut named: Vec<(&String, &u64)> = self.projects.iter().collect();
        named.sort_by(|a, b| b.1.cmp(a.1));
        let mut list: Vec<String> = named
            .iter()
            .take(NAMED_PROJECTS)
            .map(|(key, count)| format!("{key} ({count})"))
            .collect();
        if named.len() > NAMED_PROJECTS {
            list.push(format!("{} more projects", named.len() - NAMED_PROJECTS));
        }
        format!(
            "nothing was deleted: {vanishing} of {indexed} indexed documents ({percent:.0} %) {what}, \
             more than max_deletion_percent = {} allows. Projects: {}. If that is right, allow it once \
             with `jira-connector sync start --allow-deletions {vanishing}`; if not, look at the permissions of the \
             account that Jira is read with. Everything else of this sync is indexed",
            guard.max_percent,
            list.join(", ")
        )
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(10, 10, 20, None => GuardVerdict::Allowed; "ten documents always may go")]
    #[test_case(11, 55, 20, None => GuardVerdict::Allowed; "exactly the share")]
    #[test_case(11, 54, 20, None => GuardVerdict::Refused; "just over the share")]
    #[test_case(5258, 5498, 20, None => GuardVerdict::Refused; "nearly everything")]
    #[test_case(5258, 5498, 20, Some(5258) => GuardVerdict::Allowed; "allowed once")]
    #[test_case(5259, 5498, 20, Some(5258) => GuardVerdict::Refused; "more than was allowed")]
    #[test_case(5498, 5498, 100, None => GuardVerdict::Allowed; "switched off")]
    #[test_case(11, 1000, 0, None => GuardVerdict::Refused; "no share at all")]
    fn guard(vanishing: u64, indexed: u64, max_percent: u64, allowed_once: Option<u64>) -> GuardVerdict {
        DeletionGuard {
            max_percent,
            allowed_once,
        }
        .judge(vanishing, indexed)
    }
}
