//! Text out of PDF files.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{ConvertToFmt, Document, PlainTextOutput, output_doc};

use super::capped::CappedText;
use super::extract_error::ExtractError;

impl ConvertToFmt for &mut CappedText {
    type Writer = Self;

    fn convert(self) -> Self {
        self
    }
}

/// Takes the text page by page. What was read before a page that cannot be understood is kept.
pub(super) fn extract(content: &[u8], text: &mut CappedText) -> Result<(), ExtractError> {
    let broken = |reason: String| ExtractError::Broken(reason);
    let mut document = Document::load_mem(content).map_err(|error| broken(error.to_string()))?;
    if document.is_encrypted() && document.decrypt("").is_err() {
        return Err(ExtractError::Encrypted);
    }
    // The crate panics at what it does not expect; the pages before that are worth having.
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        output_doc(&document, &mut PlainTextOutput::new(&mut *text)).map_err(|error| error.to_string())
    }));
    let reason = match outcome {
        Ok(Ok(())) => return Ok(()),
        // A full text ends the reading with an error.
        Ok(Err(_)) if text.is_truncated() => return Ok(()),
        Ok(Err(reason)) => reason,
        Err(_) => "the parser gave up on it".to_owned(),
    };
    if text.as_str().trim().is_empty() {
        Err(broken(reason))
    } else {
        Ok(())
    }
}
