//! What all documents of one sync share. Where it comes from is left to `login`.

use crate::source::custom_fields::CustomFieldNames;
use crate::text_extraction::{MORE_EXTENSIONS, UNREADABLE_EXTENSIONS};

/// Learned at log-in, then constant for the sync.
#[derive(Debug)]
pub struct DocumentContext {
    /// `serverInfo.baseUrl` without a trailing slash: `self` links name the host that was called, which may be a
    /// gateway, so links for people are made from this.
    pub base_url: String,
    /// Names of custom fields.
    pub custom_fields: CustomFieldNames,
    /// `_timestamp` of project documents: when the sync began, in the account's zone.
    pub sync_started: String,
    /// Which files have their content indexed.
    pub files: FileRules,
}

/// Which files have their content indexed.
#[derive(Debug, Clone)]
pub struct FileRules {
    /// Largest file, in bytes.
    pub max_size: u64,
    /// Whether this program takes the text, which reads other kinds of files than the ingest pipeline.
    pub read_here: bool,
}

/// Content types that Jira states, for files whose extension says nothing, as far as this program reads them.
const CONTENT_TYPES: &[&str] = &[
    "application/pdf",
    "application/rtf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.ms-outlook",
    "application/vnd.openxmlformats-officedocument.",
    "application/vnd.oasis.opendocument.",
    "application/json",
    "application/xml",
    "message/rfc822",
    "text/",
];

/// The extensions whose content the framework extracts.
const EXTENSIONS: &[&str] = &[
    "txt", "py", "rst", "html", "markdown", "json", "xml", "csv", "md", "ppt", "rtf", "docx", "odt", "xls", "xlsx",
    "rb", "paper", "sh", "pptx", "pdf", "doc", "aspx", "xlsb", "xlsm", "tsv", "svg", "msg", "potx", "vsd", "vsdx",
    "vsdm",
];

impl FileRules {
    /// Why the content of this file is not indexed; none when it is.
    pub fn refuse(&self, filename: &str, content_type: &str, size: u64) -> Option<String> {
        let extension = filename.rsplit_once('.').map(|(_, extension)| extension);
        if !self.wants(extension.unwrap_or_default(), content_type) {
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
}

impl FileRules {
    fn wants(&self, extension: &str, content_type: &str) -> bool {
        let extension = extension.to_ascii_lowercase();
        let listed = EXTENSIONS.contains(&extension.as_str());
        if !self.read_here {
            return listed;
        }
        let readable = listed && !UNREADABLE_EXTENSIONS.contains(&extension.as_str());
        readable
            || MORE_EXTENSIONS.contains(&extension.as_str())
            || CONTENT_TYPES.iter().any(|known| content_type.starts_with(known))
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("a.txt", 10, None)]
    #[test_case("A.PDF", 10, None; "case does not matter")]
    #[test_case("archive.tar.gz", 10, Some("extension .gz is not extracted"))]
    #[test_case("README", 10, Some("no file extension"))]
    #[test_case("a.txt", 0, Some("empty file"))]
    #[test_case("a.txt", 100, None; "exactly the limit")]
    #[test_case("a.txt", 101, Some("101 bytes, more than 100"))]
    fn file_rules(filename: &str, size: u64, expected: Option<&str>) {
        let rules = FileRules {
            max_size: 100,
            read_here: false,
        };
        assert_eq!(rules.refuse(filename, "application/pdf", size).as_deref(), expected);
    }

    #[test_case("mail.eml", "", true; "read here only")]
    #[test_case("plan.vsdx", "", false; "not read here")]
    #[test_case("report", "application/pdf", true; "no extension")]
    #[test_case("report.v2", "application/pdf", true; "an extension that is none")]
    #[test_case("photo.png", "image/png", false; "a picture")]
    fn file_rules_when_this_program_reads(filename: &str, content_type: &str, wanted: bool) {
        let rules = FileRules {
            max_size: 100,
            read_here: true,
        };
        assert_eq!(rules.refuse(filename, content_type, 10).is_none(), wanted);
    }
}
