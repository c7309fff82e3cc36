//! Nested and dotted keys brought together: one flat map from full path to value.
//!
//! Notices what only shows across spellings: keys given twice, maps where a value belongs, unknown names. What a value
//! must look like is not checked here.

use std::collections::BTreeMap;

use super::error::Problem;
use super::keys::{KeyUse, Shape, known_keys, nearest, shape_of};
use super::kibana_keys::{KibanaKey, kibana_key};
use super::located::{Located, Node, Scalar};
use super::substitution::Lookup;

/// One key of the file with its value.
pub(super) struct Setting {
    /// The parts as the file spells them: `["elasticsearch.host"]` or `["elasticsearch", "host"]`.
    spelling: Vec<String>,
    pub(super) line: u64,
    pub(super) value: Located,
}

impl Setting {
    fn spelled(&self) -> String {
        match self.spelling.as_slice() {
            [parents @ .., last] if !parents.is_empty() => format!("`{last}` under `{}`", parents.join(".")),
            parts => format!("`{}`", parts.join(".")),
        }
    }
}

/// The file as a flat map.
#[derive(Default)]
pub(super) struct Layers {
    pub(super) settings: BTreeMap<String, Setting>,
    pub(super) problems: Vec<Problem>,
    /// Line and text of things that are odd and harmless.
    pub(super) warnings: Vec<(u64, String)>,
}

impl Layers {
    /// Brings the keys of the top-level map together.
    pub(super) fn from_map(root: Located) -> Self {
        let mut layers = Self::default();
        layers.descend("", &[], root);
        layers
    }

    /// Brings the keys of one entry of a list together: `prefix` is `connectors[0]`, `pattern` is `connectors[]`.
    pub(super) fn from_list_entry(prefix: &str, pattern: &str, entry: Located) -> Self {
        let mut layers = Self::default();
        let line = entry.line;
        let Node::Map(entries) = entry.node else {
            layers.problem(line, prefix, "must be a map of keys, not a single value or a list");
            return layers;
        };
        for (key, value) in entries {
            let path = format!("{prefix}.{}", key.name);
            let pattern = format!("{pattern}.{}", key.name);
            match shape_of(&pattern) {
                Shape::Leaf(_) => layers.insert(
                    path,
                    Setting {
                        spelling: vec![key.name],
                        line: key.line,
                        value,
                    },
                ),
                _ => layers.warnings.push((key.line, unknown_key_warning(&path, &pattern))),
            }
        }
        layers
    }

    /// Takes keys that the file lacks from variables of the same name, as `docker run -e elasticsearch.host=...` sets
    /// them. What the file says counts.
    pub(super) fn fill_gaps(&mut self, variable: Lookup<'_>) {
        let is_single = |path: &str| path.contains('.') && !path.contains("[]") && !FREE_FORM.contains(&path);
        for key in known_keys().iter().filter(|key| is_single(key.path)) {
            if self.settings.contains_key(key.path) {
                continue;
            }
            if let Some(text) = variable(key.path) {
                // Messages never show what the environment holds.
                let scalar = Scalar {
                    text,
                    written: Some(format!("${{{}}}", key.path)),
                };
                let node = Node::Scalar(scalar);
                self.place(
                    key.path.to_owned(),
                    vec![key.path.to_owned()],
                    0,
                    Located { line: 0, node },
                );
            }
        }
    }

    fn descend(&mut self, parent: &str, spelling: &[String], map: Located) {
        let Node::Map(entries) = map.node else { return };
        for (key, value) in entries {
            let path = if parent.is_empty() {
                key.name.clone()
            } else {
                format!("{parent}.{}", key.name)
            };
            let mut spelling = spelling.to_vec();
            spelling.push(key.name);
            self.place(path, spelling, key.line, value);
        }
    }

    fn place(&mut self, path: String, spelling: Vec<String>, line: u64, value: Located) {
        let path = match kibana_key(&path) {
            None => path,
            Some(KibanaKey::Ours(path)) => path,
            Some(KibanaKey::Section) => return self.descend(&path, &spelling, value),
            Some(KibanaKey::NoEffect(reason)) => {
                self.warnings.push((line, format!("{path} has no effect: {reason}")));
                return;
            }
        };
        if let Some((header_map, name)) = free_form_entry(&path) {
            self.place_in_free_form(header_map, name, line, value);
            return;
        }
        match (shape_of(&path), &value.node) {
            (Shape::Section, Node::Map(_)) => self.descend(&path, &spelling, value),
            // All of a section's keys commented out leaves its name with nothing below it.
            (Shape::Section, Node::Null) => {}
            (Shape::Section, _) => self.problem(line, &path, "must be a map of keys, not a single value or a list"),
            (Shape::Unknown, _) => self.warn_unknown(line, &path),
            (Shape::Leaf(KeyUse::NoEffect(reason)), _) => {
                self.warnings.push((line, format!("{path} has no effect: {reason}")));
            }
            (Shape::Leaf(KeyUse::Used), _) => self.insert(path, Setting { spelling, line, value }),
        }
    }

    /// `elasticsearch.headers.X-Name: value` is an entry of the map `elasticsearch.headers`.
    fn place_in_free_form(&mut self, map: &'static str, name: String, line: u64, value: Located) {
        let key = super::located::Spelled { name, line };
        match self.settings.get_mut(map) {
            Some(Setting {
                value: Located {
                    node: Node::Map(entries),
                    ..
                },
                ..
            }) => entries.push((key, value)),
            Some(_) => self.problem(line, map, "is given both as a single value and as a map"),
            None => {
                let value = Located {
                    line,
                    node: Node::Map(vec![(key, value)]),
                };
                self.settings.insert(
                    map.to_owned(),
                    Setting {
                        spelling: vec![map.to_owned()],
                        line,
                        value,
                    },
                );
            }
        }
    }

    fn insert(&mut self, path: String, setting: Setting) {
        if let (
            Some(Setting {
                value: Located {
                    node: Node::Map(entries),
                    ..
                },
                ..
            }),
            Node::Map(_),
        ) = (self.settings.get_mut(&path), &setting.value.node)
        {
            let Node::Map(more) = setting.value.node else { return };
            entries.extend(more);
            return;
        }
        if let Some(first) = self.settings.get(&path) {
            let detail = format!(
                "is given twice: as {} on line {} and as {} on line {}; keep one of them",
                first.spelled(),
                first.line,
                setting.spelled(),
                setting.line
            );
            self.problem(setting.line, &path, &detail);
            return;
        }
        self.settings.insert(path, setting);
    }

    fn warn_unknown(&mut self, line: u64, path: &str) {
        self.warnings.push((line, unknown_key_warning(path, path)));
    }

    fn problem(&mut self, line: u64, key: &str, detail: &str) {
        self.problems.push(Problem {
            line,
            key: key.to_owned(),
            detail: detail.to_owned(),
        });
    }
}

/// The warning for a key nobody knows; `pattern` is its path with `[]` for positions.
fn unknown_key_warning(path: &str, pattern: &str) -> String {
    match nearest(pattern) {
        Some(known) => format!("{path} is not a known key and is ignored; did you mean {known}?"),
        None => format!("{path} is not a known key and is ignored"),
    }
}

/// Maps whose keys are the user's.
const FREE_FORM: [&str; 2] = ["elasticsearch.headers", "actions.preconfigured"];

fn free_form_entry(path: &str) -> Option<(&'static str, String)> {
    FREE_FORM.iter().find_map(|map| {
        let name = path.strip_prefix(map)?.strip_prefix('.')?;
        Some((*map, name.to_owned()))
    })
}
