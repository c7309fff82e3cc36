//! What all documents of one sync share. Where it comes from is left to `login`.

use crate::source::custom_fields::CustomFieldNames;

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
}

/// The extensions whose content the framework extracts.
const EXTENSIONS: &[&str] = &[
    "txt", "py", "rst", "html", "markdown", "json", "xml", "csv", "md", "ppt", "rtf", "docx", "odt", "xls", "xlsx",
    "rb", "paper", "sh", "pptx", "pdf", "doc", "aspx", "xlsb", "xlsm", "tsv", "svg", "msg", "potx", "vsd", "vsdx",
    "vsdm",
];

impl FileRules {
    /// Why the content of this file is not indexed; none when it is.
    pub fn refuse(&self, filename: &str, size: u64) -> Option<String> {
        let Some((_, extension)) = filename.rsplit_once('.') else {
            return Some("no file extension".into());
        };
        if !EXTENSIONS.contains(&extension.to_ascii_lowercase().as_str()) {
            return Some(format!("extension .{extension} is not extracted"));
        }
        match size {
            0 => Some("empty file".into()),
            size if size > self.max_size => Some(format!("{size} bytes, more than {}", self.max_size)),
            _ => None,
        }
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
        assert_eq!(FileRules { max_size: 100 }.refuse(filename, size).as_deref(), expected);
    }
}
