//! Text out of one file in memory. Runs in the process of [`super::child`], because parsers of foreign formats crash,
//! loop and eat memory; limits of time and memory are set there.

use super::capped::CappedText;
use super::extract_error::ExtractError;
use super::format::{Format, detect};
use super::{charset, email, html, office, opendocument, outlook, pdf, rtf, xml};

/// Writes the text of a file into `text`, until that is full.
pub fn extract(filename: &str, content: &[u8], text: &mut CappedText) -> Result<(), ExtractError> {
    match detect(filename, content)? {
        Format::Pdf => pdf::extract(content, text),
        Format::Office(format) => office::extract(format, content, text),
        Format::Outlook => outlook::extract(content, text),
        Format::OpenDocument => opendocument::extract(content, text),
        Format::Rtf => {
            rtf::extract(content, text);
            Ok(())
        }
        Format::Html => html::extract(&html::decode(content), text),
        Format::Email => email::extract(content, text),
        Format::Xml => xml::extract(&charset::decode(content), text),
        Format::Text => {
            text.push(&charset::decode(content));
            Ok(())
        }
    }
}
