//! Incremental syncs and clocks: zones of the account, hours that happen twice, minutes in which much happens.

use chrono_tz::Tz;
use jira_fixture::{Fault, Options};
use serde_json::{Value, json};

use crate::harness::{Setup, Stack};

const INCREMENTAL: &[&str] = &["--type", "incremental"];

/// Everything is indexed, and the account lives in this zone.
async fn synced_in(zone: Tz) -> Stack {
    let setup = Setup::default().field("sweep_interval", "60");
    let stack = Stack::with(Setup {
        jira: Options {
            time_zone: zone,
            ..setup.jira
        },
        ..setup
    })
    .await;
    stack.sync_completes(&[]).await;
    stack
}

/// Sets the cursor to an instant, as if the last sync had been then.
async fn last_sync_was_at(stack: &Stack, instant: &str) {
    let record = stack.connector_record().await;
    let mut cursor: Value = serde_json::from_str(record["sync_cursor"]["cursor"].as_str().unwrap()).unwrap();
    for member in ["updated", "swept_at", "looked_back_at"] {
        cursor[member] = instant.into();
    }
    let path = format!("/_connector/{}/_last_sync", stack.connector);
    let body = json!({ "sync_cursor": { "cursor": cursor.to_string() } });
    stack.elastic.put(&path, &body).await;
}

/// A Jira that takes dates in quotes only: they are read in the account's zone and to the minute.
fn without_epochs() -> Fault {
    Fault {
        matching: Some("updated >= 1".to_owned()),
        ..Fault::status("search_jql", 400)
    }
}

async fn change(stack: &Stack, key: &str, summary: &str, updated: &str) {
    let fields = json!({ "summary": summary, "updated": updated });
    stack.jira.site.update_issue(key, &fields).unwrap();
}

/// Changes just after the last sync are found, whatever the zone and however instants may be written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_are_found_in_every_zone() {
    for zone in [Tz::Asia__Kathmandu, Tz::America__St_Johns, Tz::Pacific__Kiritimati] {
        let stack = synced_in(zone).await;
        let key = stack.jira.special("comments_20");
        for (round, quoted) in [false, true].into_iter().enumerate() {
            if quoted {
                stack.jira.site.add_fault(without_epochs());
            }
            let summary = format!("changed in {zone}, round {round}");
            stack
                .jira
                .site
                .update_issue(&key, &json!({ "summary": summary }))
                .unwrap();
            stack.sync_completes(INCREMENTAL).await;
            let (_, document) = stack.issue(&key).await.unwrap();
            assert_eq!(document["Issue"]["summary"], summary);
        }
        let refused = stack.jira.site.faults()[0].hits;
        assert!(refused > 0, "milliseconds were tried first");
    }
}

/// In New York the hour from one to two happened twice on 1 November 2026. A change in either is found, from a last sync in
/// either.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_hour_that_happens_twice_hides_no_change() {
    let stack = synced_in(Tz::America__New_York).await;
    let keys = ["comments_20", "comments_24", "comments_120"].map(|kind| stack.jira.special(kind));
    for quoted in [false, true] {
        if quoted {
            stack.jira.site.add_fault(without_epochs());
        }
        for (last_sync, changes) in [
            // 01:29 and 01:31 for the first time, 01:31 for the second time, 02:01.
            (
                "2026-11-01T05:29:00Z",
                [
                    "2026-11-01T05:31:00.000+0000",
                    "2026-11-01T06:31:00.000+0000",
                    "2026-11-01T07:01:00.000+0000",
                ],
            ),
            // 01:29 for the second time.
            (
                "2026-11-01T06:29:00Z",
                [
                    "2026-11-01T06:29:30.000+0000",
                    "2026-11-01T06:31:00.001+0000",
                    "2026-11-01T07:01:00.001+0000",
                ],
            ),
        ] {
            last_sync_was_at(&stack, last_sync).await;
            let summary = format!("after {last_sync}, quoted: {quoted}");
            for (key, updated) in keys.iter().zip(changes) {
                change(&stack, key, &summary, updated).await;
            }
            stack.sync_completes(INCREMENTAL).await;
            for key in &keys {
                let (_, document) = stack.issue(key).await.unwrap();
                assert_eq!(document["Issue"]["summary"], summary, "{key}");
            }
        }
    }
}

/// Dozens of changes in one minute, some of them in the very millisecond of the last one that was seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_changes_in_one_minute_are_all_found() {
    let stack = synced_in(Tz::Asia__Kolkata).await;
    stack.jira.site.set(|settings| settings.epoch_to_minute = true);
    let [first, second] = ["comments_20", "comments_24"].map(|kind| stack.jira.special(kind));
    let moment = chrono::Utc::now();
    let millisecond = |later: i64| {
        let instant = moment + chrono::TimeDelta::milliseconds(later);
        instant.format("%Y-%m-%dT%H:%M:%S%.3f+0000").to_string()
    };
    change(&stack, &first, "seen", &millisecond(0)).await;
    stack.sync_completes(INCREMENTAL).await;
    change(&stack, &second, "in the same millisecond", &millisecond(0)).await;
    for round in 1..=3 {
        change(&stack, &first, &format!("again {round}"), &millisecond(round)).await;
    }
    let touched = stack.jira.site.touch(30, 5).unwrap();
    stack.sync_completes(INCREMENTAL).await;
    let verified = stack.command(&["verify", "--output", "json"]).await;
    assert_eq!(verified.code, 0, "{verified}");
    let (_, document) = stack.issue(&second).await.unwrap();
    if !touched.contains(&second) {
        assert_eq!(document["Issue"]["summary"], "in the same millisecond");
    }
    let (_, document) = stack.issue(&first).await.unwrap();
    if !touched.contains(&first) {
        assert_eq!(document["Issue"]["summary"], "again 3");
    }
}

/// What an incremental sync with a sweep leaves is what a full sync would make: the same documents, field by field.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_sweep_the_index_is_what_a_full_sync_would_make() {
    let setup = Setup::default().field("sweep_interval", "0");
    let stack = Stack::with(setup).await;
    stack.sync_completes(&[]).await;
    let site = &stack.jira.site;
    site.touch(40, 9).unwrap();
    let with_files = stack.jira.special("attachments");
    let id = site
        .add_attachment(&with_files, &json!({ "filename": "new.txt", "text": "newly attached" }))
        .unwrap();
    site.delete_attachment(id).unwrap();
    site.add_attachment(&with_files, &json!({ "filename": "other.txt", "text": "attached too" }))
        .unwrap();
    let commented = stack.jira.special("comments_20");
    let comment = site.add_comment(&commented, &json!({ "body": "soon gone" })).unwrap();
    site.delete_comment(&commented, comment).unwrap();
    site.move_issue(&stack.jira.special("comments_24"), "DEV_2").unwrap();
    site.delete_issue(&stack.jira.special("comments_120")).unwrap();
    site.rename_project("AND", None, Some("Ampersand")).unwrap();
    site.archive_project("LANG").unwrap();
    stack.sync_completes(INCREMENTAL).await;
    stack.assert_index_is_the_model().await;
    let swept = stack.documents().await;
    stack.sync_completes(&[]).await;
    let full = stack.documents().await;
    assert!(swept.keys().eq(full.keys()));
    for (id, mut document) in full {
        let mut before = swept[&id].clone();
        if id.starts_with("project-") {
            // A project's document carries the time of its sync.
            document["_timestamp"].take();
            before["_timestamp"].take();
        }
        pretty_assertions::assert_eq!(before, document, "{id}");
    }
}
