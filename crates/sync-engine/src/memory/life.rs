//! One life of a connector: a Jira that changes, syncs with faults, and what must hold after each of them.
//!
//! Which lives are lived is left to `lives`, single stories to `stories`.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex};

use chrono::TimeDelta;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::documents::{Scope, UNWANTED, object, shown};
use super::faults::{Faults, Rates};
use super::jira::Jira;
use super::sink::{Index, Log, MemorySink};
use super::source::MemorySource;
use crate::sync::content_sync::SyncResult;
use crate::sync::encode::PipelineFlags;
use crate::sync::progress::Snapshot;
use crate::sync::{Checkpoint, ContentSync, DeletionGuard, Progress, SyncCursor, SyncOptions};
use crate::sync_rules::RuleSet;

/// Fields that say how a document was made, not what it says.
const NOTES: [&str; 4] = ["_extraction", "_extraction_error", "_body_truncated", "_incomplete"];

/// How one sync is run.
#[derive(Debug, Clone)]
pub(super) struct How {
    pub(super) full: bool,
    pub(super) rates: Rates,
    pub(super) seed: u64,
    pub(super) kill_after: Option<u32>,
    /// The share of the index that may vanish, in percent.
    pub(super) may_vanish: u64,
    pub(super) sweeps: bool,
}

impl How {
    /// Nothing goes wrong, and everything may be deleted.
    pub(super) fn calm(full: bool) -> Self {
        Self {
            full,
            rates: Rates::default(),
            seed: 0,
            kill_after: None,
            may_vanish: 100,
            sweeps: true,
        }
    }
}

/// A connector with its Jira and its index.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) jira: Jira,
    pub(super) scope: Scope,
    pub(super) index: Arc<Mutex<Index>>,
    pub(super) cursor: Option<SyncCursor>,
    /// Where a killed full sync goes on.
    pub(super) checkpoint: Option<Checkpoint>,
    /// Issues of which the index may lack something until the next calm full sync.
    pub(super) excused: BTreeSet<u64>,
}

/// What a sync came to.
#[derive(Debug)]
pub(super) struct Lived {
    pub(super) result: SyncResult,
    pub(super) counts: Snapshot,
    pub(super) log: Log,
    pub(super) downloads: Vec<u64>,
    pub(super) fetched: HashSet<u64>,
    hidden_from_search: BTreeSet<u64>,
}

impl Life {
    pub(super) fn new(jira: Jira, scope: Scope) -> Self {
        Self {
            jira,
            scope,
            index: Arc::default(),
            cursor: None,
            checkpoint: None,
            excused: BTreeSet::new(),
        }
    }

    /// The documents that the index holds.
    pub(super) fn indexed(&self) -> Index {
        self.index.lock().unwrap().clone()
    }

    /// Runs one sync, as a job would, and checks what must hold whatever happens.
    pub(super) fn sync(&mut self, how: &How) -> Lived {
        self.jira.now += TimeDelta::seconds(30);
        let kill = CancellationToken::new();
        let faults = Arc::new(Faults::new(how.rates, how.seed, how.kill_after, kill.clone()));
        let progress = Arc::new(Progress::default());
        let source = Arc::new(MemorySource::new(
            self.jira.clone(),
            self.scope.clone(),
            Arc::clone(&faults),
        ));
        let sink = Arc::new(MemorySink::new(Arc::clone(&self.index), faults, Arc::clone(&progress)));
        let sync = ContentSync::new(
            Arc::clone(&source),
            Arc::clone(&sink),
            Arc::clone(&progress),
            self.options(how),
        );
        let sync = Arc::new(sync);
        let cursor = self.cursor.clone();
        if cursor.as_ref().is_some_and(|cursor| sync.outdates(cursor)) {
            self.cursor = None;
        }
        let resumed = if how.full { self.checkpoint.take() } else { None };
        let run = async {
            if how.full {
                sync.full(resumed.clone(), &kill).await
            } else {
                sync.incremental(cursor, &kill).await
            }
        };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let result = runtime.block_on(run);
        if how.full && result.is_err() {
            let saved = sync.checkpoint(resumed.as_ref()).to_saved();
            self.checkpoint = Checkpoint::read(&saved);
        }
        drop(runtime);
        let lived = Lived {
            result,
            counts: progress.snapshot(),
            log: std::mem::take(&mut *sink.log.lock().unwrap()),
            downloads: std::mem::take(&mut *source.downloads.lock().unwrap()),
            fetched: std::mem::take(&mut *source.fetched.lock().unwrap()),
            hidden_from_search: source.hidden_from_search.clone(),
        };
        self.check_deletions(&lived, how);
        assert_eq!(
            lived.counts.indexed + lived.counts.deleted,
            lived.log.applied,
            "a count lies"
        );
        if let Ok(summary) = &lived.result {
            self.checkpoint = None;
            self.cursor = SyncCursor::read(&summary.cursor.to_stored());
            let counts = &lived.counts;
            assert_eq!(
                counts.processed_issues, counts.listed_issues,
                "an issue was passed over"
            );
            self.check_promise(&lived, how);
            self.check_nothing_is_shown_that_is_hidden(&lived, how);
        }
        lived
    }

    fn options(&self, how: &How) -> SyncOptions {
        let rule = json!({"id": "1", "order": 0, "policy": "exclude", "field": "Type", "rule": "equals",
                          "value": UNWANTED});
        let rules: Vec<Value> = self.scope.rules.then_some(rule).into_iter().collect();
        SyncOptions {
            pipeline_flags: PipelineFlags {
                extract_binary_content: self.scope.pipeline,
                reduce_whitespace: true,
                run_ml_inference: false,
                max_text_size: 1000,
            },
            extraction: Some(if self.scope.pipeline { "pipeline" } else { "local" }.into()),
            keeps_content: false,
            rules: Arc::new(RuleSet::read(&rules).unwrap()),
            rules_fingerprint: self.scope.rules.then(|| "rules".into()),
            guard: DeletionGuard {
                max_percent: how.may_vanish,
                allowed_once: None,
            },
            earlier_scope: self.cursor.as_ref().and_then(|cursor| cursor.scope.clone()),
            sweep_interval: if how.sweeps {
                TimeDelta::zero()
            } else {
                TimeDelta::days(365)
            },
            concurrent_fetches: 2,
            concurrent_downloads: 2,
            download_budget_bytes: 1 << 20,
        }
    }

    /// What belongs into the index is never deleted without something in its place, and never much at once of what
    /// Jira does not show any more.
    fn check_deletions(&mut self, lived: &Lived, how: &How) {
        let index = self.indexed();
        let held: BTreeSet<(String, u64)> = index.values().map(object).collect();
        let not_stored = &lived.log.not_stored;
        for object in self.scope.truth(&self.jira).values().map(object) {
            let was_deleted = lived.log.deleted.iter().any(|deleted| self::object(deleted) == object);
            assert!(
                !was_deleted || held.contains(&object) || not_stored.contains(&object),
                "{object:?} was deleted although it belongs into the index"
            );
        }
        let gone = lived.log.deleted.iter().filter(|deleted| match issue_of(deleted) {
            Some(issue) => shown(&self.jira, issue).is_none(),
            None => self
                .jira
                .projects
                .get(&object(deleted).1)
                .is_none_or(|project| project.hidden),
        });
        let (gone, indexed) = (gone.count(), index.len() + lived.log.deleted.len());
        assert!(
            gone <= 10 || gone * 100 <= how.may_vanish as usize * indexed,
            "{gone} of {indexed} vanished, and the guard let them"
        );
    }

    /// Every change before the cursor is in the index, or its issue is on the retry list.
    fn check_promise(&mut self, lived: &Lived, how: &How) {
        self.excused.extend(&lived.hidden_from_search);
        self.excused.extend(&lived.log.rejected_issues);
        self.excused.extend(lived.log.not_stored.iter().map(|(_, id)| *id));
        if how.rates.attachments_unknown > 0 {
            // Files that were denied to everybody stay so while Jira does not tell them.
            self.excused.extend(&lived.fetched);
        }
        if how.rates.are_calm() && how.full {
            self.excused.clear();
        }
        if how.rates.project_omitted > 0 || how.rates.dropped > 0 {
            return;
        }
        let cursor = self.cursor.as_ref().expect("a sync that completed has a cursor");
        let retried: HashSet<u64> = cursor.retry.iter().map(|retry| retry.issue_id).collect();
        let (index, truth) = (self.indexed(), self.scope.truth(&self.jira));
        for (id, expected) in truth.iter().filter(|(_, fields)| fields["kind"] == "issue") {
            let issue_id = object(expected).1;
            let issue = &self.jira.issues[&issue_id];
            let promised = issue.updated <= cursor.updated && issue.appeared <= cursor.swept_at;
            if !promised || retried.contains(&issue_id) || self.excused.contains(&issue_id) {
                continue;
            }
            let denied = index.get(id).is_some_and(|fields| fields["_timestamp"].is_null());
            if denied && cursor.swept_at != self.jira.now {
                continue;
            }
            let found = index.get(id).map(own_words);
            assert_eq!(found, Some(own_words(expected)), "the cursor promises {id}");
        }
    }

    /// After a look at everything, what Jira hides is not in the index, and everything has the readers of now.
    fn check_nothing_is_shown_that_is_hidden(&self, lived: &Lived, how: &How) {
        let summary = lived.result.as_ref().expect("only asked for syncs that completed");
        let cursor = &summary.cursor;
        if summary.kept_without_proof > 0 || cursor.swept_at != self.jira.now {
            return;
        }
        let retried: HashSet<u64> = cursor.retry.iter().map(|retry| retry.issue_id).collect();
        let truth = self.scope.truth(&self.jira);
        for (id, fields) in self.indexed() {
            let issue = issue_of(&fields);
            let id_of_object = object(&fields).1;
            let issue = issue.unwrap_or(id_of_object);
            if retried.contains(&issue) || [issue, id_of_object].iter().any(|id| self.excused.contains(id)) {
                continue;
            }
            match truth.get(&id) {
                Some(expected) => {
                    let readers = |fields: &Map<String, Value>| fields.get("_allow_access_control").cloned();
                    let (found, expected) = (readers(&fields), readers(expected));
                    assert!(
                        !self.scope.security || found == expected,
                        "{id} has the readers of before"
                    );
                }
                None => assert!(
                    how.rates.project_omitted > 0,
                    "{id} is indexed, and Jira does not show it"
                ),
            }
        }
    }

    /// The index is what it must be, word for word.
    pub(super) fn assert_index_is_true(&self, after_full: bool) {
        let words = |documents: BTreeMap<String, Map<String, Value>>| -> BTreeMap<String, Map<String, Value>> {
            documents
                .into_iter()
                .map(|(id, fields)| (id, all_words(&fields)))
                .collect()
        };
        let (mut found, mut expected) = (words(self.indexed()), words(self.scope.truth(&self.jira)));
        if !after_full {
            // A parent that is shown again is not a change of its child, which may lack it until a full sync. Nor is
            // anything about a parent that is not indexed itself.
            let never_indexed = |id: &Value| {
                let issue = id.as_u64().and_then(|id| self.jira.issues.get(&id));
                issue.is_some_and(|issue| {
                    let project = &self.jira.projects[&issue.project];
                    let unwanted = self.scope.rules && issue.unwanted;
                    unwanted || issue.archived || project.archived || !self.scope.names_project(issue.project)
                })
            };
            for (id, fields) in &mut found {
                if fields.get("parent").is_none_or(|parent| never_indexed(&parent["id"])) {
                    fields.remove("parent");
                    expected.get_mut(id).and_then(|expected| expected.remove("parent"));
                }
            }
        }
        for fields in found.values_mut().chain(expected.values_mut()) {
            if !self.scope.security {
                // Tokens of a time with security that are taken away stay as nothing.
                fields.retain(|name, value| name != "_allow_access_control" || !value.is_null());
            }
        }
        pretty_assertions::assert_eq!(found, expected);
    }
}

fn issue_of(fields: &Map<String, Value>) -> Option<u64> {
    match fields["kind"].as_str() {
        Some("project") => None,
        Some("issue") => fields["jira_id"].as_u64(),
        _ => fields["issue_id"].as_u64(),
    }
}

fn all_words(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut words = fields.clone();
    words.retain(|name, _| !NOTES.contains(&name.as_str()));
    words
}

/// Without what it repeats of others.
fn own_words(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut words = all_words(fields);
    words.remove("parent");
    words
}
