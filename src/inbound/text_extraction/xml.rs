//! Text out of XML: what stands between the tags, and in CDATA.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::capped::CappedText;
use super::extract_error::ExtractError;

pub(super) fn extract(xml: &str, text: &mut CappedText) -> Result<(), ExtractError> {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) => return Ok(()),
            Ok(Event::Text(part)) => {
                if !part.trim().is_empty() {
                    text.push(&part);
                }
            }
            Ok(Event::CData(part)) => {
                text.push(&part);
            }
            Ok(Event::GeneralRef(reference)) => {
                text.push(&resolve(&reference));
            }
            Ok(Event::End(_) | Event::Empty(_)) => text.line_break(),
            Ok(_) => {}
            // Much that is called XML is not; the text as it is serves searching better than nothing.
            Err(_) => {
                text.push(xml);
                return Ok(());
            }
        }
        if text.is_truncated() {
            return Ok(());
        }
    }
}

/// A character reference or one of the five entities of XML; others stay as they are.
pub(super) fn resolve(name: &str) -> String {
    let number = name
        .strip_prefix('#')
        .and_then(|digits| match digits.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => digits.parse().ok(),
        });
    if let Some(character) = number.and_then(char::from_u32) {
        return character.to_string();
    }
    match name {
        "amp" => "&".into(),
        "lt" => "<".into(),
        "gt" => ">".into(),
        "quot" => "\"".into(),
        "apos" => "'".into(),
        other => format!("&{other};"),
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("<a><b>one &amp; two</b><c>three</c></a>" => "one & two\nthree\n")]
    #[test_case("<a><![CDATA[x < y]]></a>" => "x < y\n"; "cdata")]
    #[test_case("<a>caf&#233;</a>" => "café\n"; "character reference")]
    #[test_case("<a>never closed" => "never closed"; "unclosed")]
    fn text(xml: &str) -> String {
        let mut text = CappedText::new(100);
        extract(xml, &mut text).unwrap();
        text.as_str().to_owned()
    }
}
