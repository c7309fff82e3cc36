//! Recognises a file by its first bytes, and by its extension where bytes do not tell.

use std::io::Cursor;

use office_oxide::DocumentFormat;
use office_oxide::cfb::CfbReader;
use zip::ZipArchive;

use super::charset;
use super::extract_error::ExtractError;

/// The formats that text is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Pdf,
    Office(DocumentFormat),
    Outlook,
    OpenDocument,
    Rtf,
    Html,
    Email,
    Xml,
    Text,
}

/// Extensions whose files are never plain text; content that is neither of their kind nor text is refused by name.
const NO_TEXT: &[&str] = &[
    "pdf", "doc", "docx", "docm", "dotx", "dot", "xls", "xlsx", "xlsm", "xlsb", "xlt", "xltx", "ppt", "pptx", "pptm",
    "ppsx", "pps", "potx", "odt", "ods", "odp", "msg", "rtf",
];

/// Looks at the content first: an extension may lie, a signature hardly does.
pub(super) fn detect(filename: &str, content: &[u8]) -> Result<Format, ExtractError> {
    let extension = filename
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase())
        .unwrap_or_default();
    let start = &content[..content.len().min(1024)];
    if start.windows(5).any(|window| window == b"%PDF-") {
        return Ok(Format::Pdf);
    }
    if start.starts_with(b"PK\x03\x04") {
        return in_zip(content);
    }
    if start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]) {
        return in_compound_file(content);
    }
    if start.starts_with(b"{\\rtf") {
        return Ok(Format::Rtf);
    }
    // Parts of a message may be sent as they are, in an encoding with zero bytes.
    if extension == "eml" && begins_with_header(start) {
        return Ok(Format::Email);
    }
    if charset::is_binary(content) {
        return Err(ExtractError::Unsupported(
            "its content is neither text nor a known kind of document".into(),
        ));
    }
    let text = charset::decode(start).trim_start().to_ascii_lowercase();
    if ["<!doctype html", "<html"].iter().any(|tag| text.starts_with(tag)) {
        return Ok(Format::Html);
    }
    Ok(match extension.as_str() {
        "html" | "htm" | "xhtml" | "aspx" => Format::Html,
        "eml" => Format::Email,
        "xml" | "svg" => Format::Xml,
        _ if text.starts_with("<?xml") => Format::Xml,
        kind if NO_TEXT.contains(&kind) && text.is_empty() => {
            return Err(ExtractError::Broken(format!("it is no .{kind} file")));
        }
        _ => Format::Text,
    })
}

/// Whether the first line is a name and a colon, as in every message.
fn begins_with_header(start: &[u8]) -> bool {
    let name = start.iter().position(|byte| *byte == b':').map(|end| &start[..end]);
    name.is_some_and(|name| !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-'))
}

fn in_zip(content: &[u8]) -> Result<Format, ExtractError> {
    let broken = |error: zip::result::ZipError| ExtractError::Broken(format!("the archive cannot be read: {error}"));
    let archive = ZipArchive::new(Cursor::new(content)).map_err(broken)?;
    let has = |folder: &str| {
        archive
            .file_names()
            .any(|name| name.is_ok_and(|name| name.starts_with(folder)))
    };
    if has("word/") {
        Ok(Format::Office(DocumentFormat::Docx))
    } else if has("xl/") {
        Ok(Format::Office(DocumentFormat::Xlsx))
    } else if has("ppt/") {
        Ok(Format::Office(DocumentFormat::Pptx))
    } else if has("mimetype") && has("content.xml") {
        Ok(Format::OpenDocument)
    } else {
        Err(ExtractError::Unsupported("it is an archive, not a document".into()))
    }
}

fn in_compound_file(content: &[u8]) -> Result<Format, ExtractError> {
    let broken = |error: office_oxide::cfb::CfbError| ExtractError::Broken(format!("the file cannot be read: {error}"));
    let file = CfbReader::new(Cursor::new(content)).map_err(broken)?;
    let has = |name: &str| file.has_root_entry(name);
    if has("WordDocument") {
        Ok(Format::Office(DocumentFormat::Doc))
    } else if has("Workbook") || has("Book") {
        Ok(Format::Office(DocumentFormat::Xls))
    } else if has("PowerPoint Document") {
        Ok(Format::Office(DocumentFormat::Ppt))
    } else if has("__properties_version1.0") {
        Ok(Format::Outlook)
    } else if has("EncryptedPackage") {
        Err(ExtractError::Encrypted)
    } else {
        Err(ExtractError::Unsupported(
            "it is an old Office container of an unknown kind".into(),
        ))
    }
}
