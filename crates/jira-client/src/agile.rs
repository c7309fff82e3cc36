//! Reads boards and their sprints, each list whole or not at all.
//!
//! Which boards matter, and who may see them, is decided by the callers.

use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::client::JiraClient;
use crate::dialect::PATH_SEGMENT;
use crate::error::{ErrorKind, JiraError};
use crate::lenient;
use crate::offset_rows::{OffsetRows, Step};
use crate::permitted::Permitted;
use crate::transport::{EndpointClass, Request};

/// Rows in one page; Jira gives no more.
const PAGE: u64 = 50;
/// The type of boards that never have sprints.
const KANBAN: &str = "kanban";

/// A board.
#[derive(Debug, Clone, PartialEq)]
pub struct Board {
    /// Never changes.
    pub id: u64,
    /// `scrum`, `kanban`, or `simple` in a team-managed project.
    pub kind: String,
    /// The project that it is located in; none for a person's board, and on servers that do not tell.
    pub project: Option<u64>,
    /// Whether only its owner sees it; Cloud only.
    pub is_private: bool,
    /// The whole object as received.
    pub raw: Map<String, Value>,
}

/// A sprint.
#[derive(Debug, Clone, PartialEq)]
pub struct Sprint {
    /// Never changes.
    pub id: u64,
    /// The board that it was made on.
    pub origin_board: Option<u64>,
    /// The whole object as received.
    pub raw: Map<String, Value>,
}

/// A board's answer about its sprints.
#[derive(Debug, Clone, PartialEq)]
pub enum BoardSprints {
    /// All of them, in every state.
    Listed(Vec<Sprint>),
    /// The board has none by its kind: a kanban board, or one of a team-managed project without them.
    Unsupported,
    /// Jira does not show them to this account, in its own words.
    Refused(String),
}

/// Whom the filter of a board is shared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FilterShare {
    /// Everybody, also without a login.
    Everybody,
    /// Whoever may browse a project.
    Project(u64),
    /// Some people of some kind: a group, a role, a user, whoever is logged in.
    Others,
}

#[derive(Debug, Deserialize)]
struct Configuration {
    filter: FilterRow,
}

#[derive(Debug, Deserialize)]
struct FilterRow {
    #[serde(default, deserialize_with = "lenient::text")]
    id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterAnswer {
    /// Absent when Jira does not tell, which is not the same as none.
    share_permissions: Vec<ShareRow>,
}

#[derive(Debug, Deserialize)]
struct ShareRow {
    #[serde(rename = "type", default, deserialize_with = "lenient::text")]
    kind: Option<String>,
    #[serde(default)]
    project: Option<Map<String, Value>>,
    #[serde(default)]
    role: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    values: Vec<Map<String, Value>>,
    #[serde(default, deserialize_with = "lenient::flag")]
    is_last: Option<bool>,
    #[serde(default, deserialize_with = "lenient::id")]
    start_at: Option<u64>,
    #[serde(default, deserialize_with = "lenient::id")]
    total: Option<u64>,
}

impl JiraClient {
    /// All boards that the account may see, or those that show issues of one project. Refused where Jira has no boards
    /// (no Jira Software) or does not show them. One request for each 49 boards.
    pub async fn boards(&self, project: Option<u64>) -> Result<Permitted<Vec<Board>>, JiraError> {
        let request = |start_at| {
            let request = page_of("rest/agile/1.0/board", start_at);
            match project {
                Some(project) => request.with("projectKeyOrId", project),
                None => request,
            }
        };
        match self.agile_rows(request).await {
            Ok(rows) => Ok(Permitted::Read(
                rows.into_iter().map(|(id, raw)| board(id, raw)).collect(),
            )),
            Err(error) => self.refusal(error).await.map(Permitted::Refused),
        }
    }

    /// All sprints of a board, open and closed ones. A kanban board costs no request, another one a request for each
    /// 49 sprints. A scrum board that Jira calls unable to have sprints is an error: nothing can be concluded from that.
    pub async fn sprints(&self, board: &Board) -> Result<BoardSprints, JiraError> {
        if board.kind == KANBAN {
            return Ok(BoardSprints::Unsupported);
        }
        let path = format!("rest/agile/1.0/board/{}/sprint", board.id);
        match self.agile_rows(|start_at| page_of(&path, start_at)).await {
            Ok(rows) => Ok(BoardSprints::Listed(
                rows.into_iter().map(|(id, raw)| sprint(id, raw)).collect(),
            )),
            Err(error) if error.kind() == ErrorKind::BadRequest && board.kind != "scrum" => {
                Ok(BoardSprints::Unsupported)
            }
            Err(error) => self.refusal(error).await.map(BoardSprints::Refused),
        }
    }

    /// One board; `None` only when Jira answered 404 to the proven account.
    pub async fn board(&self, id: u64) -> Result<Option<Board>, JiraError> {
        let request = Request::get(EndpointClass::Agile, format!("rest/agile/1.0/board/{id}"));
        let raw = self.transport.json_unless_absent(&request).await?;
        Ok(raw.map(|raw| board(id, raw)))
    }

    /// One sprint; `None` only when Jira answered 404 to the proven account.
    pub async fn sprint(&self, id: u64) -> Result<Option<Sprint>, JiraError> {
        let request = Request::get(EndpointClass::Agile, format!("rest/agile/1.0/sprint/{id}"));
        let raw = self.transport.json_unless_absent(&request).await?;
        Ok(raw.map(|raw| sprint(id, raw)))
    }

    /// Whom the filter of a board is shared with: nobody else sees the board. Two requests.
    pub async fn board_shares(&self, board: u64) -> Result<Permitted<Vec<FilterShare>>, JiraError> {
        let path = format!("rest/agile/1.0/board/{board}/configuration");
        let request = Request::get(EndpointClass::Agile, path);
        let configuration: Configuration = match self.permitted(&request).await? {
            Permitted::Read(configuration) => configuration,
            Permitted::Refused(reason) => return Ok(Permitted::Refused(reason)),
        };
        let filter = configuration.filter.id;
        let filter = filter.ok_or_else(|| self.unreadable(&request, "the board's filter has no readable id"))?;
        let filter = utf8_percent_encode(&filter, PATH_SEGMENT);
        let request = Request::get(EndpointClass::Agile, format!("rest/api/2/filter/{filter}"));
        match self.permitted::<FilterAnswer>(&request).await {
            Ok(answer) => Ok(answer.map(|answer| answer.share_permissions.into_iter().map(share).collect())),
            // That is how Jira says that a filter is hidden or gone.
            Err(error) if error.kind() == ErrorKind::BadRequest => Ok(Permitted::Refused(error.to_string())),
            Err(error) => Err(error),
        }
    }

    /// All rows of a list of the agile interface, with their ids.
    async fn agile_rows(
        &self,
        request_from: impl Fn(u64) -> Request,
    ) -> Result<Vec<(u64, Map<String, Value>)>, JiraError> {
        let mut place = OffsetRows::default();
        let mut rows = Vec::new();
        loop {
            let request = request_from(place.start_at());
            let page: Page = self.transport.json(&request).await?;
            let ids: Option<Vec<u64>> = page.values.iter().map(|row| lenient::id_of(row.get("id")?)).collect();
            let ids = ids.ok_or_else(|| self.unreadable(&request, "a row has no readable id"))?;
            let end = place.start_at() + ids.len() as u64;
            let more = match (page.is_last, page.total) {
                (Some(is_last), _) => Some(!is_last),
                (None, total) => total.map(|total| end < total),
            };
            match place.take(&ids, more, page.start_at) {
                Step::Rows { news, is_last } => {
                    let mut values = page.values;
                    rows.extend(news.into_iter().map(|at| (ids[at], std::mem::take(&mut values[at]))));
                    if is_last {
                        return Ok(rows);
                    }
                }
                Step::Back => tracing::debug!(start_at = place.start_at(), "rows moved during a listing, going back"),
                Step::Fault(reason) => return Err(self.unreadable(&request, reason)),
            }
        }
    }
}

fn page_of(path: &str, start_at: u64) -> Request {
    Request::get(EndpointClass::Agile, path)
        .with("startAt", start_at)
        .with("maxResults", PAGE)
}

fn share(row: ShareRow) -> FilterShare {
    let no_role = matches!(row.role, None | Some(Value::Null));
    let project = row
        .project
        .and_then(|project| project.get("id").and_then(lenient::id_of));
    match (row.kind.as_deref(), project) {
        (Some("global"), _) => FilterShare::Everybody,
        (Some("project"), Some(project)) if no_role => FilterShare::Project(project),
        _ => FilterShare::Others,
    }
}

fn board(id: u64, raw: Map<String, Value>) -> Board {
    let location = raw.get("location").and_then(|location| location.get("projectId"));
    Board {
        id,
        kind: raw.get("type").and_then(lenient::text_of).unwrap_or_default(),
        project: location.and_then(lenient::id_of),
        is_private: raw.get("isPrivate").and_then(lenient::flag_of).unwrap_or(false),
        raw,
    }
}

fn sprint(id: u64, raw: Map<String, Value>) -> Sprint {
    Sprint {
        id,
        origin_board: raw.get("originBoardId").and_then(lenient::id_of),
        raw,
    }
}
