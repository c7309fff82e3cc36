//! Chooses the files whose content is indexed, by name, content type and size, before any download.
//!
//! `text_extraction` finds out from the content what a file really is.

use crate::inbound::text_extraction::{MORE_EXTENSIONS, UNREADABLE_EXTENSIONS};

/// Chooses the files whose content is indexed.
#[derive(Debug, Clone)]
pub struct FileRules {
    /// Largest file, in bytes.
    pub max_size: u64,
    /// Whether this program takes the text, which reads other kinds of files than the ingest pipeline.
    pub read_here: bool,
    /// The connector's wishes about extensions, in small letters and without dots. Without a sign: only these. With
    /// `+` and `-`: besides the usual ones, and not. Empty: the usual ones.
    pub extensions: Vec<String>,
}

/// Content types of documents that Jira states, for files whose extension says something else or nothing.
const DOCUMENT_TYPES: &[&str] = &[
    "application/pdf",
    "application/rtf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.ms-outlook",
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
];

/// Further ones that this program reads. Elastic's connectors take no logs or sources for being text; nor does the
/// ingest pipeline here.
const TEXT_TYPES: &[&str] = &["application/json", "application/xml", "message/rfc822", "text/"];

/// The extensions whose content the framework extracts.
const EXTENSIONS: &[&str] = &[
    "txt", "py", "rst", "html", "markdown", "json", "xml", "csv", "md", "ppt", "rtf", "docx", "odt", "xls", "xlsx",
    "rb", "paper", "sh", "pptx", "pdf", "doc", "aspx", "xlsb", "xlsm", "tsv", "svg", "msg", "potx", "vsd", "vsdx",
    "vsdm",
];

impl FileRules {
    /// The reason why the content of this file is not indexed; none when it is.
    pub fn refuse(&self, filename: &str, content_type: &str, size: u64) -> Option<String> {
        let extension = filename.rsplit_once('.').map(|(_, extension)| extension);
        if !self.wants(&extension.unwrap_or_default().to_ascii_lowercase(), content_type) {
            return Some(match extension {
                Some(extension) => format!("extension .{extension} is not extracted"),
                None => "no file extension".into(),
            });
        }
        match size {
            0 => Some("empty file".into()),
            size if size > self.max_size => Some(format!("{size} bytes, more than {}", self.max_size)),
            _ => None,
        }
    }

    fn wants(&self, extension: &str, content_type: &str) -> bool {
        let named = |sign: &str| {
            self.extensions
                .iter()
                .any(|entry| entry.strip_prefix(sign) == Some(extension))
        };
        let signed = |entry: &String| entry.starts_with(['+', '-']);
        match self.extensions.iter().find(|entry| !signed(entry)) {
            _ if named("-") => false,
            _ if named("+") => true,
            // A list of its own is meant to the letter.
            Some(_) => named(""),
            None => self.is_usual(extension) || self.is_document(content_type),
        }
    }

    fn is_usual(&self, extension: &str) -> bool {
        if self.read_here && UNREADABLE_EXTENSIONS.contains(&extension) {
            return false;
        }
        EXTENSIONS.contains(&extension) || (self.read_here && MORE_EXTENSIONS.contains(&extension))
    }

    fn is_document(&self, content_type: &str) -> bool {
        let is_of = |types: &[&str]| types.iter().any(|known| content_type.starts_with(known));
        is_of(DOCUMENT_TYPES) || (self.read_here && is_of(TEXT_TYPES))
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn rules(read_here: bool, extensions: &[&str]) -> FileRules {
        FileRules {
            max_size: 100,
            read_here,
            extensions: extensions.iter().map(|&entry| entry.to_owned()).collect(),
        }
    }

    #[test_case("a.txt", "text/plain", 10, None)]
    #[test_case("A.PDF", "", 10, None; "case does not matter")]
    #[test_case("archive.tar.gz", "application/gzip", 10, Some("extension .gz is not extracted"))]
    #[test_case("README", "text/plain", 10, Some("no file extension"))]
    #[test_case("trace.log", "text/plain", 10, Some("extension .log is not extracted"))]
    #[test_case("report", "application/pdf", 10, None; "a document by its content type")]
    #[test_case("report.v2", "application/msword", 10, None; "an extension that is none")]
    #[test_case("a.txt", "", 0, Some("empty file"))]
    #[test_case("a.txt", "", 100, None; "exactly the limit")]
    #[test_case("a.txt", "", 101, Some("101 bytes, more than 100"))]
    fn file_rules(filename: &str, content_type: &str, size: u64, expected: Option<&str>) {
        assert_eq!(
            rules(false, &[]).refuse(filename, content_type, size).as_deref(),
            expected
        );
    }

    #[test_case("mail.eml", "", true; "read here only")]
    #[test_case("plan.vsdx", "", false; "not read here")]
    #[test_case("report", "application/pdf", true; "no extension")]
    #[test_case("report.v2", "text/plain", true; "an extension that is none")]
    #[test_case("photo.png", "image/png", false; "a picture")]
    fn file_rules_when_this_program_reads(filename: &str, content_type: &str, wanted: bool) {
        assert_eq!(rules(true, &[]).refuse(filename, content_type, 10).is_none(), wanted);
    }

    #[test_case(&["pdf", "log"], "a.log", true; "named")]
    #[test_case(&["pdf", "log"], "a.txt", false; "not named")]
    #[test_case(&["pdf"], "report", false; "a list of its own leaves nothing to the content type")]
    #[test_case(&["+log"], "a.log", true; "one more")]
    #[test_case(&["+log"], "a.txt", true; "the usual ones besides")]
    #[test_case(&["-svg"], "a.svg", false; "one less")]
    #[test_case(&["-"], "report", false; "none without an extension")]
    fn extensions_of_the_connector(extensions: &[&str], filename: &str, wanted: bool) {
        let refused = rules(false, extensions).refuse(filename, "application/pdf", 10);
        assert_eq!(refused.is_none(), wanted, "{refused:?}");
    }
}
