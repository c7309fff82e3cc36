//! The command line, and which cases it selects. Paths are relative to the repository, where the Makefile starts this.

use std::fmt;
use std::path::PathBuf;

use anyhow::bail;
use clap::builder::FalseyValueParser;
use clap::{ArgAction, Parser, ValueEnum};

/// Name of the bare loader among the cases.
pub(crate) const LOADER: &str = "loader";

/// Name of the comparison of ways to take text from files among the cases.
pub(crate) const EXTRACTION: &str = "extraction";

/// Measures target/release/jira-connector against a Jira with sample data and a real Elasticsearch.
#[derive(Debug, Parser)]
#[command(version, about, after_help = "docs/performance.md explains the figures.")]
pub(crate) struct Options {
    /// How much data the Jira holds
    #[arg(long, value_enum, env = "DATA_SIZE", default_value = "medium")]
    pub(crate) data_size: DataSize,
    /// Port of the Elasticsearch that is started, or used when it runs already
    #[arg(long, env = "ES_PORT", default_value_t = 9298, value_name = "PORT")]
    pub(crate) es_port: u16,
    /// Latencies of the Jira, in milliseconds
    #[arg(long, value_delimiter = ',', default_value = "0,20,100", value_name = "MS,...")]
    pub(crate) latency: Vec<u64>,
    /// Measure only these: loader, extraction, full, second, incremental, tenth, resumed, dls, identities, or one of
    /// them at one latency (full@20)
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    pub(crate) only: Vec<String>,
    /// Load the documents and sync at most so often before measuring, until Elasticsearch has compiled its hot code
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) warm_up: u32,
    /// Measure everything so often, in turns, and keep what took the median time [default: 3, of large data and files 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) repeat: Option<u32>,
    /// Wait at most so long before each measurement for the machine to become quiet
    #[arg(long, default_value_t = 60, value_name = "SECONDS")]
    pub(crate) patience: u64,
    /// Leave Elasticsearch running: the next run finds it warm
    #[arg(long, env = "KEEP", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) keep: bool,
    /// Exit with 1 for a missed target too, not only for a wrong result
    #[arg(long, env = "BENCH_STRICT", value_parser = FalseyValueParser::new(), action = ArgAction::SetTrue)]
    pub(crate) strict: bool,
    /// Where the programs are that are measured
    #[arg(long, default_value = "target/release", value_name = "FOLDER")]
    pub(crate) programs: PathBuf,
    /// Where results, logs and configurations go
    #[arg(long, default_value = "target/bench", value_name = "FOLDER")]
    pub(crate) folder: PathBuf,
}

/// Sizes that fixtures/jira makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DataSize {
    /// 500 issues
    Small,
    /// 5,000 issues
    Medium,
    /// 100,000 issues
    Large,
    /// 500 issues with 1,000 attachments of 8 MiB
    Files,
    /// 5,000 issues in 20 projects, 300 people, permissions of every kind
    Permissions,
}

impl fmt::Display for DataSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
            Self::Files => "files",
            Self::Permissions => "permissions",
        })
    }
}

/// What kind of sync is measured. They build on each other in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A full sync into an index that was just made.
    Full,
    /// A full sync when nothing changed since the one before.
    Second,
    /// An incremental sync after some issues changed.
    Incremental,
    /// The last of ten full syncs by one process, when nothing changed: does memory grow? Only when asked for.
    Tenth,
    /// A full sync into a new index, killed in the middle and gone on with by another process. Only when asked for.
    Resumed,
    /// A full sync with document level security into an index of its own. Only when asked for.
    Dls,
    /// The access control sync after it. Only when asked for.
    Identities,
}

/// One measurement of the connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    pub(crate) kind: Kind,
    pub(crate) latency_ms: u64,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Full => "full",
            Kind::Second => "second",
            Kind::Incremental => "incremental",
            Kind::Tenth => "tenth",
            Kind::Resumed => "resumed",
            Kind::Dls => "dls",
            Kind::Identities => "identities",
        };
        write!(f, "{kind}@{}", self.latency_ms)
    }
}

impl Options {
    /// How often everything is measured.
    pub(crate) fn rounds(&self) -> u32 {
        self.repeat.unwrap_or(match self.data_size {
            DataSize::Small | DataSize::Medium | DataSize::Permissions => 3,
            DataSize::Large | DataSize::Files => 1,
        })
    }

    /// Whether the bare loader runs.
    pub(crate) fn wants_loader(&self) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == LOADER)
    }

    /// Whether ways to take text from files are compared.
    pub(crate) fn wants_extraction(&self) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == EXTRACTION)
    }

    /// The cases to measure, latency by latency. An error names what could have been meant.
    pub(crate) fn cases(&self) -> anyhow::Result<Vec<Case>> {
        let kinds = [
            Kind::Full,
            Kind::Second,
            Kind::Incremental,
            Kind::Tenth,
            Kind::Resumed,
            Kind::Dls,
            Kind::Identities,
        ];
        let all: Vec<Case> = self
            .latency
            .iter()
            .flat_map(|&latency_ms| kinds.map(|kind| Case { kind, latency_ms }))
            .collect();
        let names = |case: &Case, wanted: &str| {
            let name = case.to_string();
            name == wanted || name.split('@').next() == Some(wanted)
        };
        let has_no_latency = |wanted: &str| [LOADER, EXTRACTION].contains(&wanted);
        for wanted in self.only.iter().filter(|wanted| !has_no_latency(wanted)) {
            if !all.iter().any(|case| names(case, wanted)) {
                let known: Vec<String> = all.iter().map(Case::to_string).collect();
                bail!("--only {wanted}: there is {LOADER}, {EXTRACTION}, {}", known.join(", "));
            }
        }
        let usual = [Kind::Full, Kind::Second, Kind::Incremental];
        let by_default = |case: &Case| self.only.is_empty() && usual.contains(&case.kind);
        let selected = |case: &Case| by_default(case) || self.only.iter().any(|wanted| names(case, wanted));
        Ok(all.into_iter().filter(selected).collect())
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    fn parsed(arguments: &[&str]) -> Options {
        Options::try_parse_from([&["bench"], arguments].concat()).unwrap()
    }

    #[test_case(&["--latency", "5"], "full@5 second@5 incremental@5"; "everything")]
    #[test_case(&["--only", "full"], "full@0 full@20 full@100"; "one kind")]
    #[test_case(&["--only", "full@20,incremental@0"], "incremental@0 full@20"; "latency by latency")]
    #[test_case(&["--only", "loader,extraction"], ""; "only what has no latency")]
    #[test_case(&["--only", "tenth@0"], "tenth@0"; "only when asked for")]
    fn selection(arguments: &[&str], expected: &str) {
        let cases = parsed(arguments).cases().unwrap();
        let names: Vec<String> = cases.iter().map(Case::to_string).collect();
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn an_unknown_name_is_answered_with_those_there_are() {
        let error = parsed(&["--only", "full@7"]).cases().unwrap_err().to_string();
        assert!(error.contains("full@7") && error.contains("full@20"), "{error}");
    }
}
