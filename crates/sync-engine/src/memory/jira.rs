//! A Jira in memory: projects, issues and what people do to them. What of it is shown to whom is left to `source`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

/// A project.
#[derive(Debug, Clone)]
pub(super) struct Project {
    pub(super) key: String,
    pub(super) name: String,
    pub(super) archived: bool,
    pub(super) hidden: bool,
}

/// An issue.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    pub(super) project: u64,
    pub(super) number: u64,
    pub(super) summary: u64,
    /// What a sync rule looks at.
    pub(super) unwanted: bool,
    /// Has a security level.
    pub(super) level: bool,
    pub(super) archived: bool,
    pub(super) hidden: bool,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    /// When it was last shown or put back without being changed: only a look at everything finds that.
    pub(super) appeared: DateTime<Utc>,
    pub(super) parent: Option<u64>,
    pub(super) comments: BTreeMap<u64, Comment>,
    pub(super) files: BTreeMap<u64, File>,
}

/// A comment.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) text: u64,
    pub(super) restricted: bool,
}

/// A file attached to an issue; it never changes.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) size: u64,
    /// Jira knows it, and its content is gone for good.
    pub(super) lost: bool,
}

/// What people do. Numbers pick among what there is.
#[derive(Debug, Clone)]
pub(super) enum Change {
    AddProject,
    RenameProject(usize),
    ArchiveProject(usize),
    HideProject(usize),
    DeleteProject(usize),
    AddIssues(usize, u8),
    EditIssue(usize),
    MoveIssue(usize, usize),
    ArchiveIssue(usize),
    HideIssue(usize),
    DeleteIssue(usize),
    SecureIssue(usize),
    MarkIssue(usize),
    SetParent(usize, usize),
    Comment(usize, bool),
    RestrictComment(usize),
    DeleteComment(usize),
    Attach(usize, u8, bool),
    DeleteFile(usize),
    Wait(u16),
}

impl Change {
    /// Any change; those that make things more often than those that take them away.
    pub(super) fn any() -> impl Strategy<Value = Self> {
        let at = 0usize..64;
        prop_oneof![
            1 => Just(Self::AddProject),
            1 => at.clone().prop_map(Self::RenameProject),
            1 => at.clone().prop_map(Self::ArchiveProject),
            1 => at.clone().prop_map(Self::HideProject),
            1 => at.clone().prop_map(Self::DeleteProject),
            6 => (at.clone(), 1u8..9).prop_map(|(project, many)| Self::AddIssues(project, many)),
            4 => at.clone().prop_map(Self::EditIssue),
            2 => (at.clone(), at.clone()).prop_map(|(issue, project)| Self::MoveIssue(issue, project)),
            1 => at.clone().prop_map(Self::ArchiveIssue),
            1 => at.clone().prop_map(Self::HideIssue),
            2 => at.clone().prop_map(Self::DeleteIssue),
            2 => at.clone().prop_map(Self::SecureIssue),
            1 => at.clone().prop_map(Self::MarkIssue),
            2 => (at.clone(), at.clone()).prop_map(|(child, parent)| Self::SetParent(child, parent)),
            3 => (at.clone(), any::<bool>()).prop_map(|(issue, restricted)| Self::Comment(issue, restricted)),
            1 => at.clone().prop_map(Self::RestrictComment),
            1 => at.clone().prop_map(Self::DeleteComment),
            4 => (at.clone(), 1u8..200, prop::bool::weighted(0.2))
                .prop_map(|(issue, size, lost)| Self::Attach(issue, size, lost)),
            1 => at.prop_map(Self::DeleteFile),
            3 => (1u16..600).prop_map(Self::Wait),
        ]
    }
}

/// Everything there is.
#[derive(Debug, Clone)]
pub(super) struct Jira {
    pub(super) now: DateTime<Utc>,
    pub(super) projects: BTreeMap<u64, Project>,
    pub(super) issues: BTreeMap<u64, Issue>,
    next_id: u64,
}

impl Jira {
    /// One with two projects and a few issues.
    pub(super) fn new() -> Self {
        let mut jira = Self {
            now: "2026-12-01T00:00:00Z".parse().unwrap(),
            projects: BTreeMap::new(),
            issues: BTreeMap::new(),
            next_id: 100,
        };
        jira.apply(&Change::AddProject);
        jira.apply(&Change::AddProject);
        jira.apply(&Change::AddIssues(0, 3));
        jira
    }

    /// One with so many issues in its first project.
    pub(super) fn with_issues(issues: u8) -> Self {
        let mut jira = Self::new();
        jira.issues.clear();
        jira.apply(&Change::AddIssues(0, issues));
        jira
    }

    /// Carries out a change, where it is possible.
    pub(super) fn apply(&mut self, change: &Change) {
        self.now += TimeDelta::seconds(7);
        match *change {
            Change::AddProject => {
                let (id, many) = (self.new_id(), self.projects.len());
                let project = Project {
                    key: format!("P{many}X{id}"),
                    name: format!("Project {id}"),
                    archived: false,
                    hidden: false,
                };
                self.projects.insert(id, project);
            }
            Change::RenameProject(at) => {
                let new = self.new_id();
                self.change_project(at, |project| project.name = format!("Project {new}"));
            }
            Change::ArchiveProject(at) => {
                self.change_project(at, |project| project.archived = !project.archived);
                self.issues_of_project_appear(at);
            }
            Change::HideProject(at) => {
                self.change_project(at, |project| project.hidden = !project.hidden);
                self.issues_of_project_appear(at);
            }
            Change::DeleteProject(at) => {
                if let Some(id) = pick(&self.projects, at).filter(|_| self.projects.len() > 1) {
                    self.projects.remove(&id);
                    let gone: BTreeSet<u64> = self.issues_of(id).collect();
                    self.remove_issues(&gone);
                }
            }
            Change::AddIssues(at, many) => {
                if let Some(project) = pick(&self.projects, at) {
                    (0..many).for_each(|_| self.add_issue(project));
                }
            }
            Change::EditIssue(at) => {
                let new = self.new_id();
                self.change_issue(at, |issue| issue.summary = new);
            }
            Change::MoveIssue(at, to) => {
                let number = self.new_id();
                if let Some(project) = pick(&self.projects, to) {
                    self.change_issue(at, |issue| (issue.project, issue.number) = (project, number));
                }
            }
            Change::ArchiveIssue(at) => self.show_otherwise(at, |issue| issue.archived = !issue.archived),
            Change::HideIssue(at) => self.show_otherwise(at, |issue| issue.hidden = !issue.hidden),
            Change::DeleteIssue(at) => {
                let gone = pick(&self.issues, at).into_iter().collect();
                self.remove_issues(&gone);
            }
            Change::SecureIssue(at) => self.change_issue(at, |issue| issue.level = !issue.level),
            Change::MarkIssue(at) => self.change_issue(at, |issue| issue.unwanted = !issue.unwanted),
            Change::SetParent(child, parent) => {
                let parent = pick(&self.issues, parent).filter(|parent| Some(*parent) != pick(&self.issues, child));
                self.change_issue(child, |issue| issue.parent = parent);
            }
            Change::Comment(at, restricted) => {
                let id = self.new_id();
                self.change_issue(at, |issue| {
                    issue.comments.insert(id, Comment { text: id, restricted });
                });
            }
            Change::RestrictComment(at) => self.change_issue(at, |issue| {
                if let Some(comment) = issue.comments.values_mut().next() {
                    comment.restricted = !comment.restricted;
                }
            }),
            Change::DeleteComment(at) => self.change_issue(at, |issue| {
                issue.comments.pop_first();
            }),
            Change::Attach(at, size, lost) => {
                let id = self.new_id();
                let size = u64::from(size);
                self.change_issue(at, |issue| {
                    issue.files.insert(id, File { size, lost });
                });
            }
            Change::DeleteFile(at) => self.change_issue(at, |issue| {
                issue.files.pop_first();
            }),
            Change::Wait(seconds) => self.now += TimeDelta::seconds(i64::from(seconds)),
        }
    }

    /// The ids of a project's issues.
    pub(super) fn issues_of(&self, project: u64) -> impl Iterator<Item = u64> {
        let of_project = self.issues.iter().filter(move |(_, issue)| issue.project == project);
        of_project.map(|(id, _)| *id)
    }

    /// The key of an issue.
    pub(super) fn key(&self, issue: &Issue) -> String {
        format!("{}-{}", self.projects[&issue.project].key, issue.number)
    }

    fn new_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn add_issue(&mut self, project: u64) {
        self.now += TimeDelta::seconds(1);
        let (id, now) = (self.new_id(), self.now);
        let issue = Issue {
            project,
            number: id,
            summary: id,
            unwanted: false,
            level: false,
            archived: false,
            hidden: false,
            created: now,
            updated: now,
            appeared: now,
            parent: None,
            comments: BTreeMap::new(),
            files: BTreeMap::new(),
        };
        self.issues.insert(id, issue);
    }

    fn change_project(&mut self, at: usize, change: impl FnOnce(&mut Project)) {
        if let Some(project) = pick(&self.projects, at).and_then(|id| self.projects.get_mut(&id)) {
            change(project);
        }
    }

    fn issues_of_project_appear(&mut self, at: usize) {
        let (project, now) = (pick(&self.projects, at), self.now);
        let of_project = self.issues.values_mut().filter(|issue| Some(issue.project) == project);
        of_project.for_each(|issue| issue.appeared = now);
    }

    fn change_issue(&mut self, at: usize, change: impl FnOnce(&mut Issue)) {
        let now = self.now;
        if let Some(issue) = pick(&self.issues, at).and_then(|id| self.issues.get_mut(&id)) {
            change(issue);
            issue.updated = now;
        }
    }

    fn show_otherwise(&mut self, at: usize, change: impl FnOnce(&mut Issue)) {
        let now = self.now;
        if let Some(issue) = pick(&self.issues, at).and_then(|id| self.issues.get_mut(&id)) {
            change(issue);
            issue.appeared = now;
        }
    }

    fn remove_issues(&mut self, gone: &BTreeSet<u64>) {
        self.issues.retain(|id, _| !gone.contains(id));
        let now = self.now;
        for issue in self.issues.values_mut() {
            if issue.parent.is_some_and(|parent| gone.contains(&parent)) {
                issue.parent = None;
                issue.updated = now;
            }
        }
    }
}

fn pick<T>(from: &BTreeMap<u64, T>, at: usize) -> Option<u64> {
    let many = from.len().max(1);
    from.keys().nth(at % many).copied()
}
