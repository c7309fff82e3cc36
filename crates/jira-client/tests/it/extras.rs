//! Histories, boards and sprints: each list whole, named as failed, or an error; never short without a word.
//!
//! The connector tests what becomes of them in documents.

use jira_client::{Board, BoardSprints, ErrorKind, FilterShare, Permitted};
use serde_json::{Map, Value, json};
use test_case::test_case;
use wiremock::matchers::{body_json, body_partial_json, method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::fake_jira::{cloud, data_center, ok};

const BULK: &str = "/rest/api/3/changelog/bulkfetch";

fn entry(id: u64) -> Value {
    json!({"id": id.to_string(), "created": 1_726_800_000_000_i64, "items": []})
}

fn ids(entries: &[jira_client::HistoryEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.id).collect()
}

#[tokio::test]
async fn histories_come_by_cursor_until_there_is_none() {
    let server = MockServer::start().await;
    let first = json!({"issueIdsOrKeys": ["1", "2", "3"], "maxResults": 5000});
    let mut second = first.clone();
    second["nextPageToken"] = "more".into();
    let page = json!({"issueChangeLogs": [{"issueId": "1", "changeHistories": [entry(12), entry(11)]}], "nextPageToken": "more"});
    Mock::given(path(BULK))
        .and(body_json(first))
        .respond_with(ok(page))
        .mount(&server)
        .await;
    let text = json!({"id": 21, "created": "2024-09-20T02:40:00.000+0000"});
    let page = json!({"issueChangeLogs": [
        {"issueId": 2, "changeHistories": [text]}, {"issueId": "1", "changeHistories": [entry(12), entry(13)]},
        {"issueId": "9", "changeHistories": [entry(91)]},
    ], "nextPageToken": ""});
    Mock::given(path(BULK))
        .and(body_json(second))
        .respond_with(ok(page))
        .mount(&server)
        .await;
    let histories = cloud(&server.uri()).histories(&[3, 2, 1, 1]).await.unwrap();
    let read: Vec<_> = histories.read.iter().map(|(id, entries)| (*id, ids(entries))).collect();
    assert_eq!(read, [(1, vec![11, 12, 13]), (2, vec![21]), (3, vec![])]);
    assert_eq!(histories.read[&1][0].created, histories.read[&2][0].created);
    assert_eq!(histories.failed, []);
}

#[tokio::test]
async fn a_repeated_token_is_an_error() {
    let server = MockServer::start().await;
    let page = json!({"issueChangeLogs": [], "nextPageToken": "again"});
    Mock::given(path(BULK)).respond_with(ok(page)).mount(&server).await;
    let error = cloud(&server.uri()).histories(&[1]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::RepeatedToken);
}

#[tokio::test]
async fn a_history_that_breaks_its_answer_fails_alone() {
    let server = MockServer::start().await;
    Mock::given(path(BULK))
        .respond_with(|request: &Request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            let asked = body["issueIdsOrKeys"].as_array().unwrap().clone();
            if asked.contains(&json!("7")) {
                return ResponseTemplate::new(200).set_body_raw("{\"issueChangeLogs\": [", "application/json");
            }
            let rows: Vec<Value> = asked
                .iter()
                .map(|id| json!({"issueId": id, "changeHistories": [entry(1)]}))
                .collect();
            ok(json!({"issueChangeLogs": rows}))
        })
        .mount(&server)
        .await;
    let client = cloud(&server.uri());
    let histories = client.histories(&[5, 6, 7, 8]).await.unwrap();
    assert_eq!(histories.read.keys().copied().collect::<Vec<_>>(), [5, 6, 8]);
    assert_eq!(histories.failed.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [7]);
}

#[tokio::test]
async fn histories_of_data_center_come_with_the_search_or_one_by_one() {
    let server = MockServer::start().await;
    let log = |total: u64, entries: &[u64]| json!({"startAt": 0, "total": total, "histories": entries.iter().copied().map(entry).collect::<Vec<_>>()});
    let page = json!({"issues": [
        {"id": "1", "changelog": log(2, &[12, 11])}, {"id": "2", "changelog": log(3, &[21])}, {"id": "4"},
    ]});
    Mock::given(path("/rest/api/2/search"))
        .and(body_partial_json(
            json!({"expand": ["changelog"], "validateQuery": false}),
        ))
        .respond_with(ok(page))
        .mount(&server)
        .await;
    for (id, changelog) in [(2, log(3, &[21, 22, 23])), (4, log(2, &[41]))] {
        Mock::given(path(format!("/rest/api/2/issue/{id}")))
            .and(query_param("expand", "changelog"))
            .respond_with(ok(json!({"id": id, "changelog": changelog})))
            .mount(&server)
            .await;
    }
    let absent =
        ResponseTemplate::new(404).set_body_json(json!({"errorMessages": ["Issue Does Not Exist"], "errors": {}}));
    Mock::given(path("/rest/api/2/issue/3"))
        .respond_with(absent)
        .mount(&server)
        .await;
    let histories = data_center(&server.uri()).histories(&[1, 2, 3, 4]).await.unwrap();
    let read: Vec<_> = histories.read.iter().map(|(id, entries)| (*id, ids(entries))).collect();
    assert_eq!(read, [(1, vec![11, 12]), (2, vec![21, 22, 23])]);
    let mut failed: Vec<u64> = histories.failed.iter().map(|(id, _)| *id).collect();
    failed.sort_unstable();
    assert_eq!(failed, [3, 4], "gone, or cut short: never an empty history");
}

fn board(id: u64, kind: &str) -> Board {
    Board {
        id,
        kind: kind.to_owned(),
        project: None,
        is_private: false,
        raw: Map::new(),
    }
}

#[tokio::test]
async fn boards_come_in_pages_that_overlap() {
    let server = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/rest/agile/1.0/board"))
        .respond_with(|request: &Request| {
            let start = request.url.query_pairs().find(|(name, _)| name == "startAt");
            let start: usize = start.unwrap().1.parse().unwrap();
            let all: Vec<Value> = (1..=120)
                .map(|id| json!({"id": id, "type": "scrum", "location": {"projectId": 10_000 + id}, "isPrivate": id == 3}))
                .collect();
            let values: Vec<&Value> = all.iter().skip(start).take(50).collect();
            ok(json!({"maxResults": 50, "startAt": start, "isLast": start + 50 >= 120, "values": values}))
        })
        .mount(&server)
        .await;
    let Permitted::Read(boards) = cloud(&server.uri()).boards(None).await.unwrap() else {
        panic!("they are shown")
    };
    assert_eq!(
        boards.iter().map(|board| board.id).collect::<Vec<_>>(),
        (1..=120).collect::<Vec<_>>()
    );
    assert_eq!((boards[0].project, boards[0].is_private), (Some(10_001), false));
    assert!(boards[2].is_private);
}

#[test_case(404 => "refused"; "a jira without boards")]
#[test_case(403 => "refused"; "an account without the application")]
#[test_case(500 => "error")]
#[tokio::test]
async fn boards_that_are_not_shown_are_no_empty_list(status: u16) -> &'static str {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_json(json!({"errorMessages": ["no"]}));
    Mock::given(path("/rest/agile/1.0/board"))
        .respond_with(answer)
        .mount(&server)
        .await;
    match cloud(&server.uri()).boards(None).await {
        Ok(Permitted::Read(_)) => "read",
        Ok(Permitted::Refused(_)) => "refused",
        Err(_) => "error",
    }
}

#[test_case("kanban", 500 => "unsupported"; "a kanban board is not asked")]
#[test_case("simple", 400 => "unsupported"; "a team managed project without sprints")]
#[test_case("scrum", 400 => "error"; "a scrum board has sprints")]
#[test_case("scrum", 404 => "refused")]
#[test_case("scrum", 503 => "error")]
#[tokio::test]
async fn sprints_that_are_not_shown(kind: &str, status: u16) -> &'static str {
    let server = MockServer::start().await;
    let answer = ResponseTemplate::new(status).set_body_json(json!({"errorMessages": ["no"]}));
    Mock::given(path("/rest/agile/1.0/board/7/sprint"))
        .respond_with(answer)
        .mount(&server)
        .await;
    match cloud(&server.uri()).sprints(&board(7, kind)).await {
        Ok(BoardSprints::Listed(_)) => "listed",
        Ok(BoardSprints::Unsupported) => "unsupported",
        Ok(BoardSprints::Refused(_)) => "refused",
        Err(_) => "error",
    }
}

#[tokio::test]
async fn whom_a_board_is_shared_with() {
    let server = MockServer::start().await;
    Mock::given(path("/rest/agile/1.0/board/7/configuration"))
        .respond_with(ok(json!({"id": 7, "filter": {"id": "10040", "self": "x"}})))
        .mount(&server)
        .await;
    let shares = json!([
        {"id": 1, "type": "project", "project": {"id": "10000"}},
        {"id": 2, "type": "project", "project": {"id": "10000"}, "role": {"id": 10_002}},
        {"id": 3, "type": "global"}, {"id": 6, "type": "authenticated"}, {"id": 4, "type": "group", "group": {"name": "staff"}}, {"id": 5},
    ]);
    Mock::given(path("/rest/api/2/filter/10040"))
        .respond_with(ok(json!({"id": "10040", "sharePermissions": shares})))
        .mount(&server)
        .await;
    use FilterShare::{Everybody, Others, Project};
    let shares = cloud(&server.uri()).board_shares(7).await.unwrap();
    assert_eq!(
        shares,
        Permitted::Read(vec![Project(10_000), Others, Everybody, Others, Others, Others])
    );
    Mock::given(path("/rest/agile/1.0/board/9/configuration"))
        .respond_with(ok(json!({"id": 9, "filter": {"id": "10050"}})))
        .mount(&server)
        .await;
    let hidden = ResponseTemplate::new(400).set_body_json(json!({"errorMessages": ["not available to you"]}));
    Mock::given(path("/rest/api/2/filter/10050"))
        .respond_with(hidden)
        .mount(&server)
        .await;
    for board in [8, 9] {
        let refused = cloud(&server.uri()).board_shares(board).await.unwrap();
        assert!(matches!(refused, Permitted::Refused(_)), "board {board}");
    }
}
