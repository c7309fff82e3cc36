//! Text out of web pages.

use super::capped::CappedText;
use super::charset;
use super::extract_error::ExtractError;

/// Lines are not broken: what reads the text searches it.
const WIDTH: usize = 100_000;
/// Finds the encoding that a page states, if any.
const HEAD: usize = 1024;

/// The page as text: by byte order mark, by its own statement, else by what it looks like.
pub(super) fn decode(content: &[u8]) -> String {
    let head = String::from_utf8_lossy(&content[..content.len().min(HEAD)]).to_ascii_lowercase();
    let stated = head.split_once("charset=").map(|(_, rest)| {
        let rest = rest.trim_start_matches(['"', '\'', ' ']);
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_:.".contains(c)));
        &rest[..end.unwrap_or(rest.len())]
    });
    let marked =
        content.starts_with(b"\xef\xbb\xbf") || content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff");
    stated
        .filter(|_| !marked && std::str::from_utf8(content).is_err())
        .and_then(|label| charset::decode_as(label, content))
        .unwrap_or_else(|| charset::decode(content))
}

pub(super) fn extract(html: &str, text: &mut CappedText) -> Result<(), ExtractError> {
    let rendered = html2text::config::plain_no_decorate()
        .raw_mode(true)
        .no_table_borders()
        .allow_width_overflow()
        .string_from_read(html.as_bytes(), WIDTH);
    let rendered = rendered.map_err(|error| ExtractError::Broken(error.to_string()))?;
    text.push(&rendered);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_styles_are_no_text() {
        let mut text = CappedText::new(1000);
        let page = "<html><head><style>p {color: red}</style><script>var a = 1;</script></head><body><h1>Title</h1><p>One \
                    <b>bold</b> word &amp; more</p><table><tr><td>left</td><td>right</td></tr></table></body></html>";
        extract(page, &mut text).unwrap();
        let found = text.as_str();
        assert!(
            found.contains("Title") && found.contains("One bold word & more"),
            "{found}"
        );
        assert!(found.contains("left") && found.contains("right"), "{found}");
        assert!(!found.contains("color") && !found.contains("var a"), "{found}");
    }

    #[test]
    fn the_stated_encoding_counts() {
        let page = b"<meta charset=\"iso-8859-2\"><p>\xb1\xe6\xea</p>";
        assert!(decode(page).contains("ąćę"));
    }
}
