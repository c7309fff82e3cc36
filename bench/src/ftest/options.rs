//! The command line of `make ftest`. Paths are relative to the repository, where the Makefile starts this.

use std::path::PathBuf;

use clap::builder::FalseyValueParser;
use clap::{ArgAction, Parser};

use crate::options::DataSize;

/// Runs a connector against a real Elasticsearch and a Jira, from its creation to its last sync; the exit code tells.
#[derive(Debug, Parser)]
#[command(name = "jira-connector-ftest", version, about)]
pub(super) struct Options {
    /// The data source to test
    #[arg(long, env = "NAME", default_value = "jira", value_parser = ["jira"])]
    pub(super) name: String,
    /// How much data the Jira holds
    #[arg(long, value_enum, env = "DATA_SIZE", default_value = "small")]
    pub(super) data_size: DataSize,
    /// Read this Jira instead of a made one: values of the connector's fields, as JSON or YAML. Nothing is written to it
    #[arg(long, env = "JIRA_CONFIG", value_name = "FILE", value_parser = optional_path)]
    pub(super) jira_config: Option<MaybePath>,
    /// Port of the Elasticsearch that is started, or used when it runs already
    #[arg(long, env = "ES_PORT", default_value_t = 9297, value_name = "PORT")]
    pub(super) es_port: u16,
    /// Leave Elasticsearch running, with the index as it is
    #[arg(long, env = "KEEP", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(super) keep: bool,
    /// Where the programs are that are tested
    #[arg(long, default_value = "target/release", value_name = "FOLDER")]
    pub(super) programs: PathBuf,
    /// Where logs and configurations go
    #[arg(long, default_value = "target/ftest", value_name = "FOLDER")]
    pub(super) folder: PathBuf,
}

/// A path, or nothing: make hands on an empty variable as an empty text.
pub(super) type MaybePath = Option<PathBuf>;

#[expect(clippy::unnecessary_wraps, reason = "clap asks for a result")]
fn optional_path(text: &str) -> Result<MaybePath, std::convert::Infallible> {
    Ok(Some(text).filter(|text| !text.is_empty()).map(PathBuf::from))
}

impl Options {
    /// The values of a real Jira, when one is to be read.
    pub(super) fn real_jira(&self) -> Option<&PathBuf> {
        self.jira_config.as_ref().and_then(Option::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn an_empty_file_name_means_the_made_jira() {
        let parsed = |arguments: &[&str]| Options::try_parse_from([&["ftest"], arguments].concat()).unwrap();
        assert_eq!(parsed(&["--jira-config="]).real_jira(), None);
        let named = parsed(&["--jira-config", "mine.yml"]);
        assert_eq!(named.real_jira().map(PathBuf::as_path), Some(Path::new("mine.yml")));
    }

    #[test]
    fn another_data_source_is_refused() {
        assert!(Options::try_parse_from(["ftest", "--name", "confluence"]).is_err());
    }
}
