//! Tokens as people paste them: with quotes, blanks, characters that nobody sees, or the scheme of a header in front.
//! Passwords are not touched: they may hold anything.

/// Words that stand before a token in headers and in other programs' settings.
const SCHEMES: [&str; 5] = ["authorization:", "bearer", "apikey", "token", "basic"];
const QUOTES: &[char] = &['"', '\'', '`', '“', '”', '„', '‘', '’', '«', '»'];

/// The token itself. Tokens hold neither blanks nor quotes, so nothing of one is lost.
pub fn pasted_token(text: &str) -> String {
    let mut rest: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    loop {
        let bare = rest.trim_matches(|c: char| c.is_whitespace() || QUOTES.contains(&c));
        let without_scheme = SCHEMES.iter().find_map(|scheme| {
            let after = bare.get(scheme.len()..)?;
            let is_scheme = bare[..scheme.len()].eq_ignore_ascii_case(scheme);
            (is_scheme && (scheme.ends_with(':') || after.starts_with(char::is_whitespace))).then_some(after)
        });
        match without_scheme {
            Some(after) => rest = after.to_owned(),
            None => return bare.split_whitespace().collect(),
        }
    }
}

/// Zero-width characters, byte order marks and marks of direction come along from web pages and chats.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}' | '\u{feff}')
        || c.is_control() && !c.is_whitespace()
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::pasted_token;

    #[test_case("ATATT3xFf-_=.abc")]
    #[test_case(" ATATT3xFf-_=.abc\r\n"; "blanks around")]
    #[test_case("\"ATATT3xFf-_=.abc\""; "quotes")]
    #[test_case("“ATATT3xFf-_=.abc”"; "quotes of a word processor")]
    #[test_case("\u{feff}ATATT3\u{200b}xFf-_=.abc\u{200e}"; "characters that nobody sees")]
    #[test_case("Bearer ATATT3xFf-_=.abc"; "a scheme")]
    #[test_case("\"Authorization: bearer 'ATATT3xFf-_=.abc'\""; "a whole header")]
    #[test_case("ATATT3xFf-\n_=.abc"; "broken into lines")]
    fn is_cleaned(text: &str) {
        assert_eq!(pasted_token(text), "ATATT3xFf-_=.abc");
    }

    #[test_case("bearer"; "a word without a token")]
    #[test_case("tokenATATT"; "a token that begins like a scheme")]
    #[test_case("ünïcödé"; "letters of more bytes")]
    #[test_case(""; "nothing")]
    fn is_left_alone(text: &str) {
        assert_eq!(pasted_token(text), text);
    }
}
