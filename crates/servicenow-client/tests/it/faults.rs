//! What is said of a write when things go wrong, and that none is sent twice.

use std::time::Duration;

use http_kit::NotDone;
use serde_json::json;
use servicenow_client::Record;
use servicenow_client::ServiceNow;
use servicenow_fixture::Fault;
use servicenow_fixture::FaultKind;

use crate::site::basic;
use crate::site::client;
use crate::site::columns;
use crate::site::start;

async fn create(client: &ServiceNow) -> Result<Record, NotDone> {
    client
        .create("incident", &columns(json!({ "short_description": "disk full" })))
        .await
}

fn once(kind: FaultKind) -> Fault {
    Fault {
        times: Some(1),
        status: Some(500),
        ..Fault::new("POST /api/now", kind)
    }
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_unknown_and_never_sent_twice() {
    use FaultKind::{Hang, Html, LateStatus, LostAnswer, Reset, Status};
    for (kind, records) in [
        (LostAnswer, 1),
        (LateStatus, 1),
        (Hang, 0),
        (Html, 0),
        (Reset, 0),
        (Status, 0),
    ] {
        let (running, client) = start().await;
        running.add_fault(once(kind));
        let ended = create(&client).await;
        assert!(matches!(ended, Err(NotDone::Unknown(_))), "{kind:?}: {ended:?}");
        assert_eq!(running.records().len(), records, "{kind:?}");
    }
}

#[tokio::test]
async fn an_update_is_sent_again_until_it_is_confirmed() {
    let (running, client) = start().await;
    let made = create(&client).await.unwrap();
    running.add_fault(Fault {
        times: Some(1),
        ..Fault::new("PATCH /api/now", FaultKind::LostAnswer)
    });
    let changed = client
        .update("incident", &made.sys_id, &columns(json!({ "urgency": "1" })))
        .await
        .unwrap();
    assert_eq!(changed.text("urgency"), "1");
}

#[tokio::test]
async fn a_comment_whose_answer_is_lost_is_not_written_twice() {
    let (running, client) = start().await;
    let made = create(&client).await.unwrap();
    running.add_fault(Fault {
        times: Some(1),
        ..Fault::new("PATCH /api/now", FaultKind::LostAnswer)
    });
    let ended = client
        .add_entry("incident", &made.sys_id, "work_notes", "looked at")
        .await;
    assert!(matches!(ended, Err(NotDone::Unknown(_))), "{ended:?}");
}

#[tokio::test]
async fn a_late_answer_is_waited_for() {
    let (running, client) = start().await;
    running.add_fault(Fault {
        delay_ms: 200,
        ..once(FaultKind::Delay)
    });
    assert!(create(&client).await.is_ok());
}

#[tokio::test]
async fn a_hibernating_instance_is_named_and_nothing_is_unknown() {
    let (running, client) = start().await;
    running.change(|settings| settings.hibernating = true);
    let ended = create(&client).await.unwrap_err();
    assert!(
        matches!(&ended, NotDone::NotSent(words) if words.contains("hibernating")),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_limit_of_the_rate_is_told_with_its_wait() {
    let (running, client) = start().await;
    running.change(|settings| settings.requests_per_minute = Some(0));
    let ended = create(&client).await.unwrap_err();
    assert!(
        matches!(ended, NotDone::Throttled { wait, .. } if wait > Duration::from_secs(10)),
        "{ended:?}"
    );
}

#[tokio::test]
async fn a_refusal_says_why_and_shows_no_password() {
    let (running, _) = start().await;
    let reader = client(&running, basic("reader", "fixture-password"));
    let ended = create(&reader).await.unwrap_err();
    assert!(
        matches!(&ended, NotDone::Refused { status: 403, message, .. } if message.contains("ACL")),
        "{ended:?}"
    );
    let stranger = client(&running, basic("reader", "planted-password"));
    let body = r#"{"error":{"message":"no","detail":"planted-password is wrong"}}"#;
    running.add_fault(Fault {
        status: Some(401),
        body: Some(body.to_owned()),
        ..Fault::new("*", FaultKind::Status)
    });
    let ended = create(&stranger).await.unwrap_err();
    assert!(matches!(ended, NotDone::Refused { status: 401, .. }), "{ended:?}");
    assert!(!format!("{ended:?} {stranger:?}").contains("planted-password"));
}

#[tokio::test]
async fn nobody_listens_and_nothing_was_sent() {
    let (running, client) = start().await;
    drop(running);
    assert!(matches!(create(&client).await, Err(NotDone::NotSent(_))));
}
