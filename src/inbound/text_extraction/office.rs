//! Text out of Word, Excel and PowerPoint files, old and new.

use std::io::Cursor;

use office_oxide::{Document, DocumentFormat};

use super::capped::CappedText;
use super::extract_error::ExtractError;

pub(super) fn extract(format: DocumentFormat, content: &[u8], text: &mut CappedText) -> Result<(), ExtractError> {
    let reader = Cursor::new(content.to_vec());
    let document = Document::from_reader(reader, format).map_err(|error| {
        let reason = error.to_string();
        if ["password", "encrypted"].iter().any(|word| reason.contains(word)) {
            ExtractError::Encrypted
        } else {
            ExtractError::Broken(reason)
        }
    })?;
    // A full text ends the writing with an error, which is no fault of the file.
    let mut writer = Utf8Writer {
        text,
        pending: Vec::new(),
    };
    if document.write_plain_text(&mut writer).is_err() && !writer.text.is_truncated() {
        return Err(ExtractError::Broken("its text cannot be written".into()));
    }
    Ok(())
}

/// Bytes to text: a character may come in two parts.
struct Utf8Writer<'t> {
    text: &'t mut CappedText,
    pending: Vec<u8>,
}

impl std::io::Write for Utf8Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.pending) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = self.pending.split_off(whole);
        let text = String::from_utf8(std::mem::replace(&mut self.pending, rest)).unwrap_or_default();
        if self.text.push(&text) {
            Ok(bytes.len())
        } else {
            Err(std::io::Error::other("the text is long enough"))
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
