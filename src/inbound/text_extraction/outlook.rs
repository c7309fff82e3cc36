//! Text out of Outlook messages (`.msg`): properties in streams of a compound file.

use std::io::Cursor;

use office_oxide::cfb::CfbReader;

use super::capped::CappedText;
use super::extract_error::ExtractError;
use super::{charset, html};

/// Property numbers of a message, with the caption in the text.
const PROPERTIES: &[(&str, &str)] = &[
    ("0037", "Subject: "),
    ("0C1A", "From: "),
    ("0E04", "To: "),
    ("0E03", "Cc: "),
    ("1000", ""),
];
const HTML_BODY: &str = "__substg1.0_10130102";
/// Kinds of properties: text in UTF-16, and in the code page of the sender.
const UNICODE: &str = "001F";
const ANSI: &str = "001E";

pub(super) fn extract(content: &[u8], text: &mut CappedText) -> Result<(), ExtractError> {
    let broken = |error: office_oxide::cfb::CfbError| ExtractError::Broken(error.to_string());
    let mut file = CfbReader::new(Cursor::new(content)).map_err(broken)?;
    let mut has_body = false;
    for (number, caption) in PROPERTIES {
        let unicode = file.open_stream_by_path(&format!("__substg1.0_{number}{UNICODE}")).ok();
        let value = match unicode {
            Some(bytes) => Some(encoding_rs::UTF_16LE.decode(&bytes).0.into_owned()),
            None => {
                let ansi = file.open_stream_by_path(&format!("__substg1.0_{number}{ANSI}")).ok();
                ansi.map(|bytes| charset::decode(&bytes))
            }
        };
        let Some(value) = value.map(|value| value.trim_matches('\0').trim().to_owned()) else {
            continue;
        };
        if !value.is_empty() {
            has_body |= caption.is_empty();
            text.push(&format!("{caption}{value}\n"));
        }
    }
    if !has_body && let Ok(page) = file.open_stream_by_path(HTML_BODY) {
        html::extract(&html::decode(&page), text)?;
    }
    Ok(())
}
