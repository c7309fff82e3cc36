//! From the path of a file to a checked [`Config`].
//!
//! Only the order of the steps is here; each step is a module of its own.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::actions::{self, ActionsConfig};
use super::connectors::{self, ConnectorEntry};
use super::elasticsearch::{self, ElasticsearchConfig};
use super::environment;
use super::error::{ConfigError, Problem};
use super::extraction_service::{self, ExtractionServiceConfig};
use super::http::{self, HttpConfig};
use super::jira::{self, JiraLimits};
use super::layers::Layers;
use super::located::{self, Located, Node, ParseFault};
use super::reader::Reader;
use super::service::{self, ServiceConfig};
use super::substitution::{self, Lookup};

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file it came from, for messages.
    pub path: PathBuf,
    /// Address of and log-in to Elasticsearch.
    pub elasticsearch: ElasticsearchConfig,
    /// Intervals and limits of the service.
    pub service: ServiceConfig,
    /// Pace of and patience with Jira.
    pub jira: JiraLimits,
    /// The connectors to work for; empty is fine for commands that need none.
    pub connectors: Vec<ConnectorEntry>,
    /// The extraction service, when one is named.
    pub extraction_service: Option<ExtractionServiceConfig>,
    /// The HTTP server.
    pub http: HttpConfig,
    /// Connectors of the way out.
    pub actions: ActionsConfig,
    /// Things that are odd and harmless, each with file and line, for the caller to log.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads and checks a file, with `${VAR}` taken from the environment, and keys that it lacks from variables of their
    /// name, such as `elasticsearch.host`: the Python service does both.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let bytes = fs::read(path).map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => ConfigError::Missing { path: path.to_owned() },
            _ => ConfigError::Unreadable {
                path: path.to_owned(),
                source,
            },
        })?;
        let text = decode(&bytes).map_err(|detail| ConfigError::Encoding {
            path: path.to_owned(),
            detail,
        })?;
        Self::assemble(path, text, &environment::variable, &environment::variable)
    }

    /// Checks the text of a file; `path_for_messages` names it and is not opened, `env` looks variables up.
    ///
    /// Files that `*_file` keys name are read.
    pub fn from_text(
        path_for_messages: &Path,
        text: &str,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        Self::assemble(path_for_messages, text, env, &|_| None)
    }

    /// `overlay` gives values to keys that the file lacks.
    pub(super) fn assemble(
        path_for_messages: &Path,
        text: &str,
        env: Lookup<'_>,
        overlay: Lookup<'_>,
    ) -> Result<Self, ConfigError> {
        let path = path_for_messages.to_owned();
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut root = match located::parse(text) {
            Ok(Some(root)) => root,
            Ok(None) => return Err(ConfigError::Empty { path }),
            Err(ParseFault { line, detail }) => return Err(ConfigError::Yaml { path, line, detail }),
        };
        match root.node {
            Node::Map(_) => {}
            Node::Null => return Err(ConfigError::Empty { path }),
            _ => return Err(not_a_map(path, &root)),
        }
        let mut problems = Vec::new();
        substitution::substitute(&mut root, "", env, &mut problems);
        if !problems.is_empty() {
            // Going on would only add follow-up complaints about values that are not there.
            return Err(ConfigError::Invalid { path, problems });
        }
        let mut layers = Layers::from_map(root);
        layers.fill_gaps(overlay);
        let mut reader = Reader::new(layers);
        let connectors = connectors::read(&mut reader);
        let elasticsearch = elasticsearch::read(&mut reader);
        let service = service::read(&mut reader);
        let jira = jira::read(&mut reader);
        let extraction_service = extraction_service::read(&mut reader);
        let http = http::read(&mut reader);
        let actions = actions::read(&mut reader);
        let (problems, warnings) = reader.finish();
        if !problems.is_empty() {
            return Err(ConfigError::Invalid { path, problems });
        }
        let warnings = warnings
            .into_iter()
            .map(|(line, text)| place(&path, line, &text))
            .collect();
        Ok(Self {
            path,
            elasticsearch,
            service,
            jira,
            connectors,
            extraction_service,
            http,
            actions,
            warnings,
        })
    }
}

fn not_a_map(path: PathBuf, root: &Located) -> ConfigError {
    let detail = "must hold keys with values, such as `elasticsearch.host: http://localhost:9200`".to_owned();
    ConfigError::Invalid {
        path,
        problems: vec![Problem {
            line: root.line,
            key: String::new(),
            detail,
        }],
    }
}

fn place(path: &Path, line: u64, text: &str) -> String {
    if line == 0 {
        format!("{}: {text}", path.display())
    } else {
        format!("{}:{line}: {text}", path.display())
    }
}

fn decode(bytes: &[u8]) -> Result<&str, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("is UTF-16 text; save it as UTF-8".to_owned());
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let valid = &bytes[..error.valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
        format!("is not UTF-8 text (line {line}); save it as UTF-8")
    })
}
