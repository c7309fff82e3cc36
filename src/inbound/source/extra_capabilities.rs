//! Whether Jira gives what is wanted besides issues, and what that costs in requests.
//!
//! Only what the settings switch on is looked at.

use jira_client::{Board, JiraError, Permitted};

use super::boards;
use super::documents::RequestFields;
use super::login::Login;

type Found = Result<String, String>;

/// One finding for each of `sync_changelog`, `sync_agile` and `sync_jsm` that is on.
pub(super) async fn extra_capabilities(login: &Login) -> Vec<(&'static str, Found)> {
    let wanted = login.extras();
    let mut all = Vec::new();
    if wanted.changelog {
        let found = "read with one request or more for 100 issues: 50 for 5,000".to_owned();
        all.push(("histories", Ok(found)));
    }
    if wanted.agile {
        let found = agile(login).await.unwrap_or_else(|error| Err(error.to_string()));
        all.push(("boards", found));
    }
    if wanted.jsm {
        all.push(("service management", jsm(login).await));
    }
    all
}

async fn agile(login: &Login) -> Result<Found, JiraError> {
    let boards = match login.client.boards(None).await? {
        Permitted::Read(boards) => boards,
        Permitted::Refused(words) => return Ok(Err(format!("{words}: {}", boards::CURE))),
    };
    let asked = |board: &&Board| board.kind != "kanban";
    let with_sprints = boards.iter().filter(asked).count();
    let shares = if login.has_document_level_security() {
        let shared: usize = boards.iter().filter(|board| board.kind != "simple").count();
        format!(", and {} for whom they are shared with", shared * 2)
    } else {
        String::new()
    };
    Ok(Ok(format!(
        "{} are shown; a full sync and a look for deletions take about {} requests for them and their sprints{shares}",
        boards.len(),
        boards.len() / 49 + 1 + with_sprints,
    )))
}

async fn jsm(login: &Login) -> Found {
    let fields = login.client.fields().await;
    let fields = fields.map_err(|error| format!("fields cannot be listed: {error}"))?;
    match RequestFields::new(&fields).count() {
        0 => Err(
            "Jira shows no field of service management: it needs Jira Service Management and access to it; switch \
             sync_jsm off otherwise"
                .to_owned(),
        ),
        count => Ok(format!(
            "{count} fields of it are read with the issues, at no further request"
        )),
    }
}
