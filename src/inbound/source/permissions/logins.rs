//! Accounts behind logins. Cloud knows ids only, so there is nothing to look up there.
//!
//! A login and the key of another account can be the same word: a key from before Jira 8.4 is the login that its account
//! had at first, and logins are given anew. So a word is looked up as what its resource says it is, and as nothing else.

use std::collections::HashMap;

use jira_client::User;
use serde_json::Value;
use sync_engine::access_control::Account;

#[derive(Debug, Default)]
pub(super) struct Logins {
    accounts: HashMap<String, Account>,
}

impl Logins {
    pub(super) fn of(users: &[User]) -> Self {
        let mut logins = Self::default();
        users.iter().for_each(|user| logins.learn(user));
        logins
    }

    pub(super) fn learn(&mut self, user: &User) {
        if let (None, Some(id), Some(name)) = (&user.account_id, user.id(), &user.name) {
            self.accounts.insert(name.to_lowercase(), Account::new(id));
        }
    }

    /// The account of a login; none when nobody active is called so.
    pub(super) fn account(&self, login: &str) -> Option<Account> {
        self.accounts.get(&login.to_lowercase()).cloned()
    }

    /// The lead of a project: the account id on Cloud, the key elsewhere, or where there is no key the login.
    pub(super) fn lead(&self, raw: Option<&Value>) -> Option<Account> {
        let raw = raw?;
        let text = |member: &str| raw.get(member)?.as_str().filter(|text| !text.is_empty());
        match text("accountId").or_else(|| text("key")) {
            Some(id) => Some(Account::new(id)),
            None => self.account(text("name")?),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn logins(users: &Value) -> Logins {
        Logins::of(&serde_json::from_value::<Vec<User>>(users.clone()).unwrap())
    }

    /// Robert was called bob, and his account is still called so.
    #[test]
    fn the_key_of_one_is_not_the_login_of_another() {
        let logins = logins(&json!([
            {"key": "bob", "name": "robert"}, {"key": "JIRAUSER2", "name": "Bob"},
        ]));
        assert_eq!(logins.account("bob"), Some(Account::new("JIRAUSER2")));
        assert_eq!(logins.account("robert"), Some(Account::new("bob")));
        assert_eq!(
            logins.lead(Some(&json!({"key": "bob", "name": "robert"}))),
            Some(Account::new("bob"))
        );
        assert_eq!(
            logins.lead(Some(&json!({"name": "BOB"}))),
            Some(Account::new("JIRAUSER2"))
        );
    }

    #[test]
    fn nobody_is_behind_a_login_that_is_not_listed() {
        let logins = logins(&json!([{"key": "bob", "name": "robert"}]));
        assert_eq!(logins.account("bob"), None);
        assert_eq!(logins.lead(Some(&json!({"name": "bob"}))), None);
    }
}
