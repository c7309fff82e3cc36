//! Takes secrets out of words that came from outside: servers and proxies repeat requests in their error pages.

/// What stands in place of a secret.
const REDACTED: &str = "[redacted]";

/// `words` without any of the secrets. The longest goes first: one inside another must not leave the rest of it behind.
pub fn redacted<'s>(words: String, secrets: impl IntoIterator<Item = &'s str>) -> String {
    let mut secrets: Vec<&str> = secrets.into_iter().filter(|secret| !secret.is_empty()).collect();
    secrets.sort_unstable_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
        .into_iter()
        .fold(words, |words, secret| words.replace(secret, REDACTED))
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn a_secret_inside_another_one_leaves_nothing_of_it() {
        let shown = redacted("got hunter2-and-more".to_owned(), ["", "hunter2", "hunter2-and-more"]);
        assert_eq!(shown, "got [redacted]");
    }
}
