//! Text out of OpenDocument files: an archive whose `content.xml` holds all of it.

use std::io::{BufReader, Cursor};

use quick_xml::Reader;
use quick_xml::events::Event;
use zip::ZipArchive;

use super::capped::CappedText;
use super::extract_error::ExtractError;

/// Elements that end a line.
const LINES: &[&str] = &["p", "h", "table-row", "line-break", "list-item", "page"];

pub(super) fn extract(content: &[u8], text: &mut CappedText) -> Result<(), ExtractError> {
    let broken = |error: &dyn std::fmt::Display| ExtractError::Broken(error.to_string());
    let mut archive = ZipArchive::new(Cursor::new(content)).map_err(|error| broken(&error))?;
    if archive
        .by_name("META-INF/manifest.xml")
        .ok()
        .and_then(|manifest| std::io::read_to_string(std::io::Read::take(manifest, 1 << 20)).ok())
        .is_some_and(|manifest| manifest.contains("encryption-data"))
    {
        return Err(ExtractError::Encrypted);
    }
    let part = archive.by_name("content.xml").map_err(|error| broken(&error))?;
    // Read as a stream: what does not fit into the text is never unpacked.
    let mut reader = Reader::from_reader(BufReader::new(part));
    reader.config_mut().check_end_names = false;
    let mut buffer = Vec::new();
    loop {
        let event = reader.read_event_into(&mut buffer).map_err(|error| broken(&error))?;
        let goes_on = match event {
            Event::Eof => return Ok(()),
            Event::Text(part) => text.push(&part),
            Event::GeneralRef(reference) => text.push(&super::xml::resolve(&reference)),
            Event::Empty(tag) if matches!(tag.local_name().as_ref(), "tab" | "s") => text.push(" "),
            Event::Start(tag) if tag.local_name().as_ref() == "table-cell" => text.push(" "),
            Event::End(tag) if LINES.contains(&tag.local_name().as_ref()) => {
                text.line_break();
                !text.is_truncated()
            }
            _ => true,
        };
        if !goes_on {
            return Ok(());
        }
        buffer.clear();
    }
}
