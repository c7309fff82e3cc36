//! Single stories of syncs, each named after what a user would see if it went wrong.

use super::documents::Scope;
use super::faults::Rates;
use super::jira::{Change, Jira};
use super::life::{How, Life};
use crate::sync::SyncError;

fn indexed(issues: u8) -> Life {
    let mut life = Life::new(Jira::with_issues(issues), Scope::everything());
    life.sync(&How::calm(true)).result.unwrap();
    life.assert_index_is_true(true);
    life
}

fn with(full: bool, rates: Rates) -> How {
    let how = How::calm(full);
    How {
        rates,
        may_vanish: 20,
        seed: 5,
        ..how
    }
}

#[test]
fn issues_that_search_forgot_are_not_deleted() {
    for full in [true, false] {
        let mut life = indexed(60);
        let before = life.indexed();
        let rates = Rates {
            search_hides: 500,
            ..Rates::default()
        };
        let error = life.sync(&with(full, rates)).result.unwrap_err();
        assert!(matches!(error, SyncError::SearchLags { .. }), "{error}");
        assert_eq!(life.indexed(), before);
    }
}

#[test]
fn a_full_sync_that_lists_nothing_while_issues_can_be_read_is_no_success() {
    let rates = Rates {
        search_hides: 1000,
        ..Rates::default()
    };
    for mut life in [Life::new(Jira::with_issues(30), Scope::everything()), indexed(30)] {
        let before = life.indexed();
        let error = life.sync(&with(true, rates)).result.unwrap_err();
        assert!(matches!(error, SyncError::NothingListed(_)), "{error}");
        assert_eq!(life.indexed(), before);
    }
}

#[test]
fn a_jira_without_issues_is_synced() {
    let mut life = Life::new(Jira::with_issues(0), Scope::everything());
    life.sync(&with(true, Rates::default())).result.unwrap();
}

#[test]
fn a_mass_of_issues_that_leave_the_scope_by_themselves_is_not_deleted() {
    let mut life = indexed(30);
    let before = life.indexed();
    (0..15).for_each(|at| life.jira.apply(&Change::ArchiveIssue(at)));
    let error = life.sync(&with(true, Rates::default())).result.unwrap_err().to_string();
    assert!(
        error.contains("left what is synced") && error.contains("--allow-deletions"),
        "{error}"
    );
    assert_eq!(life.indexed(), before);
}

#[test]
fn what_leaves_because_the_scope_was_changed_goes_at_once() {
    for full in [true, false] {
        let mut life = indexed(30);
        life.scope.even_projects = true;
        life.sync(&with(full, Rates::default())).result.unwrap();
        life.assert_index_is_true(true);
    }
}

#[test]
fn a_sync_that_reads_none_of_the_listed_issues_is_no_success() {
    let rates = Rates {
        omitted: 1000,
        ..Rates::default()
    };
    let mut life = Life::new(Jira::with_issues(30), Scope::everything());
    let error = life.sync(&with(true, rates)).result.unwrap_err();
    assert!(matches!(error, SyncError::NothingDelivered(30)), "{error}");
}

#[test]
fn a_mass_of_issues_that_jira_hides_is_not_deleted() {
    for full in [true, false] {
        let mut life = indexed(30);
        let before = life.indexed();
        (0..15).for_each(|at| life.jira.apply(&Change::HideIssue(at)));
        let error = life.sync(&with(full, Rates::default())).result.unwrap_err();
        assert!(error.to_string().contains("nothing was deleted: 15 of 32"), "{error}");
        assert_eq!(life.indexed(), before);
    }
}

#[test]
fn nothing_is_deleted_without_a_clear_answer() {
    let mut life = indexed(30);
    life.jira.apply(&Change::DeleteIssue(3));
    let rates = Rates {
        unclear: 1000,
        ..Rates::default()
    };
    let summary = life.sync(&with(true, rates)).result.unwrap();
    assert_eq!((summary.kept_without_proof, life.indexed().len()), (1, 32));
    life.sync(&How::calm(true)).result.unwrap();
    life.assert_index_is_true(true);
}

#[test]
fn an_issue_that_could_not_be_read_is_read_by_the_next_sync() {
    let mut life = indexed(30);
    (0..30).for_each(|at| life.jira.apply(&Change::EditIssue(at)));
    let rates = Rates {
        issue: 300,
        ..Rates::default()
    };
    let failed = life.sync(&with(true, rates)).result.unwrap().cursor.retry;
    assert!(!failed.is_empty());
    let mut how = with(false, Rates::default());
    how.sweeps = false;
    let next = life.sync(&how);
    assert!(failed.iter().all(|retry| next.fetched.contains(&retry.issue_id)));
    assert_eq!(next.result.unwrap().cursor.retry, []);
    life.assert_index_is_true(false);
}

#[test]
fn an_issue_whose_document_was_refused_is_sent_again() {
    let mut life = indexed(30);
    (0..30).for_each(|at| life.jira.apply(&Change::EditIssue(at)));
    let rates = Rates {
        refused: 300,
        ..Rates::default()
    };
    life.sync(&with(false, rates)).result.unwrap();
    let mut how = with(false, Rates::default());
    how.sweeps = false;
    life.sync(&how).result.unwrap();
    life.assert_index_is_true(false);
}

#[test]
fn a_cursor_never_goes_back_and_nothing_new_costs_nothing() {
    let mut life = indexed(30);
    let cursor = life.cursor.clone().unwrap();
    for hours in [0, 1, 5] {
        life.jira.now += chrono::TimeDelta::hours(hours);
        let quiet = life.sync(&with(false, Rates::default()));
        assert_eq!(quiet.fetched.len(), 0, "after {hours} h");
        assert!(quiet.result.unwrap().cursor.updated >= cursor.updated);
    }
}

#[test]
fn files_that_are_gone_for_good_cost_nothing_after_the_first_sync() {
    let mut life = indexed(20);
    (0..20).for_each(|at| life.jira.apply(&Change::Attach(at, 9, true)));
    let first = life.sync(&How::calm(false));
    assert_eq!((first.downloads.len(), first.counts.skipped), (20, 20));
    assert_eq!(first.result.unwrap().cursor.retry, []);
    for sync in 0..8 {
        let later = life.sync(&How::calm(sync % 4 == 3));
        assert_eq!((later.downloads.len(), later.counts.skipped), (0, 0));
        assert!(sync % 4 == 3 || later.fetched.is_empty());
    }
}

#[test]
fn more_files_than_the_retry_list_takes_do_not_fail_the_sync() {
    let mut life = Life::new(Jira::with_issues(0), Scope::everything());
    (0..11).for_each(|_| life.jira.apply(&Change::AddIssues(0, 100)));
    (0..1_100).for_each(|at| life.jira.apply(&Change::Attach(at, 9, false)));
    let rates = Rates {
        download: 1000,
        ..Rates::default()
    };
    let counts = life.sync(&with(true, rates)).result.unwrap().counts;
    assert_eq!(counts.skipped, 1_100);
    life.sync(&How::calm(true)).result.unwrap();
    life.assert_index_is_true(true);
}
