//! Boards and sprints in scope, who may see them, and the second look at those that a list lacks.
//!
//! Their documents are shaped in `documents`; what is deleted is decided in `sync`.

use std::collections::{BTreeMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use jira_client::{Board, BoardSprints, ErrorKind, FilterShare, JiraClient, JiraError, Permitted, Sprint};
use sync_engine::access_control::DocumentTokens;
use sync_engine::sync::{BoardAnswers, Boards, Confirmation, DocumentKind};

use super::documents::{self, DocumentContext, allow};
use super::permissions::DocumentAccess;
use super::scope::ResolvedScope;

/// Lists that are read at a time; the client's own limit applies on top.
const AT_ONCE: usize = 8;
/// The subjects of a refusal.
pub(super) const CURE: &str = "they need Jira Software, and with a scoped token the scopes read:board-scope:jira-software, \
                    read:sprint:jira-software and read:project:jira; switch sync_agile off otherwise";

/// Every board in scope and its sprints.
pub(super) async fn list(
    client: &JiraClient,
    context: &DocumentContext,
    scope: &ResolvedScope,
    access: Option<&DocumentAccess>,
) -> Result<Boards, JiraError> {
    let mut result = Boards::default();
    let boards = match boards_in_scope(client, scope).await? {
        Permitted::Read(boards) => boards,
        Permitted::Refused(words) => {
            let reason = format!("{words}: {CURE}");
            result.unread.push(("boards and sprints".to_owned(), reason));
            return Ok(result);
        }
    };
    let requests = boards
        .values()
        .map(|board| async move { Ok((board.id, client.sprints(board).await?)) });
    let sprints: Vec<(u64, BoardSprints)> = stream::iter(requests.collect::<Vec<_>>())
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut all: BTreeMap<u64, Sprint> = BTreeMap::new();
    for (board, sprints) in sprints {
        match sprints {
            // Two boards that show issues of one sprint both list it.
            BoardSprints::Listed(sprints) => all.extend(sprints.into_iter().map(|sprint| (sprint.id, sprint))),
            BoardSprints::Unsupported => {}
            BoardSprints::Refused(words) => result.unread.push((format!("sprints of board {board}"), words)),
        }
    }
    let mut tokens: BTreeMap<u64, DocumentTokens> = BTreeMap::new();
    if let Some(access) = access {
        let requests = boards.values();
        let requests = requests.map(|board| async move { Ok((board.id, readers(client, access, board).await?)) });
        let read: Vec<(u64, DocumentTokens)> = stream::iter(requests.collect::<Vec<_>>())
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        tokens.extend(read);
    }
    let seen_with = |board: Option<u64>| {
        let known = board.and_then(|board| tokens.get(&board).cloned());
        access.map(|_| known.unwrap_or_else(DocumentTokens::nobody))
    };
    let boards = boards.into_iter();
    let boards = boards.map(|(id, board)| (documents::board(context, board), seen_with(Some(id))));
    let sprints = all.into_values();
    let sprints = sprints.map(|sprint| (seen_with(sprint.origin_board), documents::sprint(context, sprint)));
    for (document, readers) in boards.chain(sprints.map(|(readers, document)| (document, readers))) {
        let Some(readers) = readers else {
            result.documents.push(document);
            continue;
        };
        result.denied += u64::from(readers == DocumentTokens::nobody());
        result.documents.push(allow(document, &readers));
    }
    result.documents.iter_mut().for_each(documents::clean);
    Ok(result)
}

/// All boards, or those of the projects in scope. A board belongs to the project that it is located in; where Jira does
/// not say which that is, to each project whose issues it shows.
async fn boards_in_scope(
    client: &JiraClient,
    scope: &ResolvedScope,
) -> Result<Permitted<BTreeMap<u64, Board>>, JiraError> {
    let asked: Vec<Option<u64>> = if scope.is_all() {
        vec![None]
    } else {
        scope.projects.iter().map(|project| Some(project.id)).collect()
    };
    let lists: Vec<Permitted<Vec<Board>>> = stream::iter(asked)
        .map(|project| client.boards(project))
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await?;
    let mut boards = BTreeMap::new();
    for list in lists {
        match list {
            Permitted::Read(list) => boards.extend(list.into_iter().map(|board| (board.id, board))),
            Permitted::Refused(words) => return Ok(Permitted::Refused(words)),
        }
    }
    boards.retain(|_, board| is_in_scope(scope, board));
    Ok(Permitted::Read(boards))
}

fn is_in_scope(scope: &ResolvedScope, board: &Board) -> bool {
    let is_of = |id| scope.projects.iter().any(|project| project.id == id);
    scope.is_all() || board.project.is_none_or(is_of)
}

/// The readers of a board: those who may browse its project, when its filter is shared with all of them. Anything else
/// is not provable, and for nobody; whoever is logged in are not all of them when the project is public.
async fn readers(client: &JiraClient, access: &DocumentAccess, board: &Board) -> Result<DocumentTokens, JiraError> {
    let Some(project) = board
        .project
        .filter(|project| !board.is_private && access.knows(*project))
    else {
        return Ok(DocumentTokens::nobody());
    };
    // The filter of a team-managed project's board is the project's own.
    let shared = board.kind == "simple"
        || match client.board_shares(board.id).await? {
            Permitted::Read(shares) => shares
                .iter()
                .any(|share| matches!(share, FilterShare::Everybody) || *share == FilterShare::Project(project)),
            Permitted::Refused(_) => false,
        };
    Ok(if shared {
        access.browsers(project)
    } else {
        DocumentTokens::nobody()
    })
}

/// Asks for each missing board and sprint by itself.
pub(super) async fn confirm(
    client: &JiraClient,
    scope: &ResolvedScope,
    missing: Vec<(DocumentKind, u64)>,
) -> Result<BoardAnswers, JiraError> {
    let distinct: HashSet<(DocumentKind, u64)> = missing.into_iter().collect();
    stream::iter(distinct)
        .map(|(kind, id)| async move {
            let answer = match kind {
                DocumentKind::Sprint => sprint(client, scope, id).await,
                _ => board(client, scope, id).await,
            };
            match answer {
                Ok(answer) => Ok(((kind, id), answer)),
                Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::MissingScope) => {
                    Ok(((kind, id), Confirmation::Unknown(error.to_string())))
                }
                Err(error) => Err(error),
            }
        })
        .buffer_unordered(AT_ONCE)
        .try_collect()
        .await
}

async fn board(client: &JiraClient, scope: &ResolvedScope, id: u64) -> Result<Confirmation, JiraError> {
    Ok(match client.board(id).await? {
        None => Confirmation::Gone,
        Some(board) if is_in_scope(scope, &board) && (scope.is_all() || board.project.is_some()) => {
            Confirmation::Lagging
        }
        Some(_) => Confirmation::SetAside,
    })
}

/// A sprint goes with the board that it was made on; it is on that board's list while both are there.
async fn sprint(client: &JiraClient, scope: &ResolvedScope, id: u64) -> Result<Confirmation, JiraError> {
    let Some(sprint) = client.sprint(id).await? else {
        return Ok(Confirmation::Gone);
    };
    let Some(origin) = sprint.origin_board else {
        return Ok(Confirmation::Unknown(
            "Jira does not say which board it is of".to_owned(),
        ));
    };
    Ok(match board(client, scope, origin).await? {
        Confirmation::Lagging => Confirmation::Lagging,
        _ => Confirmation::SetAside,
    })
}
