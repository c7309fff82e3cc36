//! Lists users and the members of groups, past the limits of the single resources.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::client::JiraClient;
use crate::error::{ErrorKind, JiraError};
use crate::lenient;
use crate::permissions_answers::UserProducts;
use crate::permitted::{Bean, Permitted};
use crate::transport::{EndpointClass, Request};
use crate::user::User;

/// Most users in one page of a list.
const USER_PAGE: u64 = 1_000;
/// Most users in one page of the list that newer servers have.
const SERVER_USER_PAGE: u64 = 2_000;
/// Most members of a group in one page.
const MEMBER_PAGE: u64 = 50;
/// A list that is filtered after paging can have empty pages before its end.
pub(crate) const EMPTY_PAGES_AT_THE_END: u32 = 2;
/// Servers cut the search for users off after so many, depending on the version.
const CUT_OFF: [usize; 2] = [100, 1_000];
/// The characters of logins; a search for users finds those with a word that begins so.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789._-@";
/// Searches go no deeper than this many letters.
const DEEPEST: usize = 4;

/// A user as a list of members shows it, without all but the id.
#[derive(Debug, Deserialize)]
#[serde(from = "User")]
struct Member(Option<String>);

impl From<User> for Member {
    fn from(user: User) -> Self {
        Self(user.id().map(str::to_owned))
    }
}

/// A group: its name, and on Cloud the id that survives a rename.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupName {
    /// Cloud.
    pub id: Option<String>,
    /// The name; may be empty when only the id is known.
    pub name: String,
}

/// All users, and whether that is certain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UserList {
    /// Users, inactive ones included where Jira lists them.
    pub users: Vec<User>,
    /// Whether there may be more that no search showed.
    pub may_lack_some: bool,
}

impl JiraClient {
    /// Users whose name or address begins with this text, the first few; nobody when Jira hides addresses.
    pub async fn users_like(&self, text: &str) -> Result<Vec<User>, JiraError> {
        let member = if self.edition().is_cloud() { "query" } else { "username" };
        let request = Request::get(EndpointClass::Users, "rest/api/2/user/search")
            .with(member, text)
            .with("maxResults", 20);
        self.transport.json(&request).await
    }

    /// Every user.
    pub async fn users(&self) -> Result<Permitted<UserList>, JiraError> {
        if !self.edition().is_cloud() {
            return self.server_users().await;
        }
        let request = |start_at| {
            Request::get(EndpointClass::Users, "rest/api/3/users/search")
                .with("startAt", start_at)
                .with("maxResults", USER_PAGE)
        };
        let users = self.arrays(request, USER_PAGE, EMPTY_PAGES_AT_THE_END).await?;
        Ok(users.map(|users| UserList {
            users,
            may_lack_some: false,
        }))
    }

    /// The products that a user may use, by the keys of their application roles, for where the groups behind those are not
    /// told. By account id or login.
    pub async fn products_of_user(&self, name: &str) -> Result<Permitted<BTreeSet<String>>, JiraError> {
        let request = self.user_request(name).with("expand", "applicationRoles");
        let answer: Permitted<UserProducts> = self.permitted(&request).await?;
        let Permitted::Read(user) = answer else {
            return Ok(answer.map(|_| BTreeSet::new()));
        };
        let products = user.application_roles;
        if products.items.len() < products.size {
            return Err(self.unreadable(&request, "it lists fewer products than it counts"));
        }
        Ok(Permitted::Read(products.items.into_iter().map(|one| one.key).collect()))
    }

    fn user_request(&self, name: &str) -> Request {
        let parameter = if self.edition().is_cloud() {
            "accountId"
        } else {
            "username"
        };
        Request::get(EndpointClass::Users, "rest/api/2/user").with(parameter, name)
    }

    /// One user, by account id or login; `None` only when Jira answered 404 to the proven account.
    pub async fn user(&self, name: &str) -> Result<Permitted<Option<User>>, JiraError> {
        let request = self.user_request(name);
        match self.transport.json_unless_absent(&request).await {
            Ok(user) => Ok(Permitted::Read(user)),
            Err(error) if matches!(error.kind(), ErrorKind::Forbidden | ErrorKind::MissingScope) => {
                Ok(Permitted::Refused(error.to_string()))
            }
            Err(error) => Err(error),
        }
    }

    /// The active members of a group, those of groups inside it included, by what identifies their accounts. Nothing else
    /// is kept of them: large sites have groups of everybody.
    pub async fn group_members(&self, group: &GroupName) -> Result<Permitted<Vec<String>>, JiraError> {
        let request = |start_at| {
            let request = Request::get(EndpointClass::Users, "rest/api/2/group/member");
            let request = match &group.id {
                Some(id) => request.with("groupId", id),
                None => request.with("groupname", &group.name),
            };
            request
                .with("includeInactiveUsers", false)
                .with("startAt", start_at)
                .with("maxResults", MEMBER_PAGE)
        };
        let members: Permitted<Vec<Member>> = self.pages(request).await?;
        Ok(members.map(|members| members.into_iter().filter_map(|Member(id)| id).collect()))
    }

    /// All rows of a list that comes in bare arrays: it ends with so many empty pages.
    pub(crate) async fn arrays(
        &self,
        request_from: impl Fn(u64) -> Request,
        page: u64,
        empty_at_the_end: u32,
    ) -> Result<Permitted<Vec<User>>, JiraError> {
        let (mut users, mut start, mut empty) = (BTreeMap::new(), 0, 0);
        loop {
            let request = request_from(start);
            let rows: Vec<User> = match self.permitted(&request).await? {
                Permitted::Read(rows) => rows,
                Permitted::Refused(reason) => return Ok(Permitted::Refused(reason)),
            };
            let before = users.len();
            empty = if rows.is_empty() { empty + 1 } else { 0 };
            let came = rows.len();
            users.extend(rows.into_iter().filter_map(|user| Some((user.id()?.to_owned(), user))));
            if came > 0 && users.len() == before {
                return Err(self.unreadable(&request, "the page holds only users of the pages before it"));
            }
            if empty >= empty_at_the_end {
                return Ok(Permitted::Read(users.into_values().collect()));
            }
            start += page;
        }
    }

    async fn server_users(&self) -> Result<Permitted<UserList>, JiraError> {
        match self.listed_users().await? {
            Permitted::Read(users) => Ok(Permitted::Read(UserList {
                users,
                may_lack_some: false,
            })),
            Permitted::Refused(_) => self.searched_users().await,
        }
    }

    /// The list that Data Center 10 and later have.
    async fn listed_users(&self) -> Result<Permitted<Vec<User>>, JiraError> {
        let mut users = Vec::new();
        let mut cursor: Option<String> = None;
        loop {
            let request =
                Request::get(EndpointClass::Users, "rest/api/2/user/list").with("maxResults", SERVER_USER_PAGE);
            let request = match &cursor {
                Some(cursor) => request.with("cursor", cursor),
                None => request,
            };
            let page: Bean<User> = match self.permitted(&request).await? {
                Permitted::Read(page) => page,
                Permitted::Refused(reason) => return Ok(Permitted::Refused(reason)),
            };
            users.extend(page.values);
            let next = page
                .next_cursor
                .as_ref()
                .and_then(lenient::text_of)
                .filter(|next| !next.is_empty());
            match next {
                _ if page.is_last == Some(true) => return Ok(Permitted::Read(users)),
                // A page that names no other is the last, unless it says that it is not.
                None if page.is_last.is_none() => return Ok(Permitted::Read(users)),
                None => return Err(self.unreadable(&request, "more users are announced, and no cursor leads to them")),
                Some(next) if Some(&next) == cursor.as_ref() => {
                    return Err(self.unreadable(&request, "the same cursor came twice"));
                }
                Some(next) => cursor = Some(next),
            }
        }
    }

    /// Older servers: a search for everybody, and where that is cut off, for each beginning of a word.
    async fn searched_users(&self) -> Result<Permitted<UserList>, JiraError> {
        let all = match self.search_users(".").await? {
            Permitted::Read(users) => users,
            Permitted::Refused(reason) => return Ok(Permitted::Refused(reason)),
        };
        if !CUT_OFF.contains(&all.len()) {
            return Ok(Permitted::Read(UserList {
                users: all,
                may_lack_some: false,
            }));
        }
        let mut found: BTreeMap<String, User> = BTreeMap::new();
        found.extend(all.into_iter().filter_map(|user| Some((user.id()?.to_owned(), user))));
        let mut waiting: Vec<String> = LETTERS.chars().map(String::from).collect();
        while let Some(prefix) = waiting.pop() {
            let users = match self.search_users(&prefix).await? {
                Permitted::Read(users) => users,
                Permitted::Refused(reason) => return Ok(Permitted::Refused(reason)),
            };
            if CUT_OFF.contains(&users.len()) && prefix.len() < DEEPEST {
                waiting.extend(LETTERS.chars().map(|letter| format!("{prefix}{letter}")));
            }
            found.extend(users.into_iter().filter_map(|user| Some((user.id()?.to_owned(), user))));
        }
        // Names in other scripts begin with none of the letters.
        Ok(Permitted::Read(UserList {
            users: found.into_values().collect(),
            may_lack_some: true,
        }))
    }

    async fn search_users(&self, word: &str) -> Result<Permitted<Vec<User>>, JiraError> {
        let request = |start_at| {
            Request::get(EndpointClass::Users, "rest/api/2/user/search")
                .with("username", word)
                .with("startAt", start_at)
                .with("maxResults", USER_PAGE)
        };
        // This one is filtered before it is cut into pages.
        self.arrays(request, USER_PAGE, 1).await
    }
}
