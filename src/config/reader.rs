//! Typed access to the settings: each read checks one key, falls back to its default and notes what is wrong.
//!
//! It goes on after a problem so that one start shows them all; `Config` refuses the file when any was noted. Ranges
//! and defaults come from the sections that call it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::SecretString;

use super::error::Problem;
use super::layers::{Layers, Setting};
use super::located::{Located, Node, Scalar};
use super::values::{self, SizeUnit};

/// The settings not yet read, and what was noticed so far.
pub(super) struct Reader {
    settings: BTreeMap<String, Setting>,
    problems: Vec<Problem>,
    warnings: Vec<(u64, String)>,
}

impl Reader {
    pub(super) fn new(layers: Layers) -> Self {
        Self {
            settings: layers.settings,
            problems: layers.problems,
            warnings: layers.warnings,
        }
    }

    /// Problems and warnings, each in the order of the file.
    pub(super) fn finish(mut self) -> (Vec<Problem>, Vec<(u64, String)>) {
        debug_assert!(
            self.settings.is_empty(),
            "keys listed as used that no section reads: {:?}",
            self.settings.keys().collect::<Vec<_>>()
        );
        self.problems.sort_by_key(|problem| problem.line);
        self.warnings.sort_by_key(|(line, _)| *line);
        (self.problems, self.warnings)
    }

    pub(super) fn problem(&mut self, line: u64, key: &str, detail: impl Into<String>) {
        self.problems.push(Problem {
            line,
            key: key.to_owned(),
            detail: detail.into(),
        });
    }

    pub(super) fn warn(&mut self, line: u64, text: impl Into<String>) {
        self.warnings.push((line, text.into()));
    }

    /// Whether a key is there with something in it: neither null nor an empty text.
    pub(super) fn has_value(&self, key: &str) -> bool {
        self.settings.get(key).is_some_and(|setting| match &setting.value.node {
            Node::Null => false,
            Node::Scalar(scalar) => !scalar.text.trim().is_empty(),
            Node::List(_) | Node::Map(_) => true,
        })
    }

    /// Takes the value out, whatever its form; absent and null are the same.
    pub(super) fn take(&mut self, key: &str) -> Option<Located> {
        self.settings
            .remove(key)
            .map(|setting| setting.value)
            .filter(|value| !matches!(value.node, Node::Null))
    }

    /// Takes a single value out; a list or a map is a problem.
    pub(super) fn scalar(&mut self, key: &str) -> Option<(u64, Scalar)> {
        let value = self.take(key)?;
        match value.node {
            Node::Scalar(scalar) => {
                if is_bare_reference(&scalar.text) && scalar.written.is_none() {
                    self.warn(
                        value.line,
                        format!("{key} is taken as it stands; variables are written ${{NAME}}"),
                    );
                }
                Some((value.line, scalar))
            }
            _ => {
                self.problem(value.line, key, "must be a single value, not a map or a list");
                None
            }
        }
    }

    /// A text that is not empty.
    pub(super) fn text(&mut self, key: &str) -> Option<(u64, String)> {
        let (line, scalar) = self.scalar(key)?;
        let text = scalar.text.trim();
        if text.is_empty() {
            return None;
        }
        Some((line, text.to_owned()))
    }

    pub(super) fn path(&mut self, key: &str) -> Option<PathBuf> {
        self.text(key).map(|(_, text)| PathBuf::from(text))
    }

    pub(super) fn boolean(&mut self, key: &str, default: bool) -> bool {
        self.optional_boolean(key).unwrap_or(default)
    }

    pub(super) fn optional_boolean(&mut self, key: &str) -> Option<bool> {
        self.parsed(key, "true or false", values::boolean)
    }

    pub(super) fn integer(&mut self, key: &str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let allowed = format!("a whole number{}", describe_range(&range, u64::MAX));
        self.parsed(key, &allowed, |text| {
            values::integer(text).filter(|n| range.contains(n))
        })
        .unwrap_or(default)
    }

    /// As [`Reader::integer`], for counts that fit 32 bits.
    pub(super) fn count(&mut self, key: &str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let wide = u64::from(*range.start())..=u64::from(*range.end());
        let number = self.integer(key, u64::from(default), wide);
        u32::try_from(number).expect("the range was checked against 32-bit bounds")
    }

    pub(super) fn decimal(&mut self, key: &str, default: f64, range: RangeInclusive<f64>) -> f64 {
        let allowed = format!("a number{}", describe_range(&range, f64::MAX));
        self.parsed(key, &allowed, |text| {
            values::decimal(text).filter(|n| range.contains(n))
        })
        .unwrap_or(default)
    }

    pub(super) fn duration(&mut self, key: &str, default: Duration, minimum: Duration) -> Duration {
        // A year: longer waits are slips of units, and timers overflow with absurd ones.
        const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);
        let allowed = format!(
            "a number of seconds from {} to {}, or one with a unit such as 30s, 5m or 1h",
            minimum.as_secs_f64(),
            LONGEST.as_secs()
        );
        let range = minimum..=LONGEST;
        self.parsed(key, &allowed, |text| {
            values::duration(text).filter(|d| range.contains(d))
        })
        .unwrap_or(default)
    }

    pub(super) fn size(&mut self, key: &str, unit: SizeUnit, default: u64, range: RangeInclusive<u64>) -> u64 {
        let unit_name = match unit {
            SizeUnit::Bytes => "bytes",
            SizeUnit::Mebibytes => "MiB",
        };
        let allowed = format!(
            "a number of {unit_name}, or one with a unit such as 10MiB, from {} to {}",
            describe_bytes(*range.start()),
            describe_bytes(*range.end())
        );
        self.parsed(key, &allowed, |text| {
            values::size(text, unit).filter(|n| range.contains(n))
        })
        .unwrap_or(default)
    }

    /// One of a set of words, in any case.
    pub(super) fn choice<T: Copy>(&mut self, key: &str, default: T, words: &[(&str, T)]) -> T {
        let mut names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
        names.dedup();
        let allowed = format!("one of {}", names.join(", "));
        self.parsed(key, &allowed, |text| {
            words
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(text.trim()))
                .map(|(_, value)| *value)
        })
        .unwrap_or(default)
    }

    /// A list of texts; one text alone counts as a list of one.
    pub(super) fn text_list(&mut self, key: &str) -> Vec<String> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let items = match value.node {
            Node::List(items) => items,
            Node::Scalar(_) => vec![value],
            _ => {
                self.problem(value.line, key, "must be a list of words, not a map");
                return Vec::new();
            }
        };
        let mut texts = Vec::new();
        for item in items {
            match item.node {
                Node::Scalar(scalar) if !scalar.text.trim().is_empty() => texts.push(scalar.text.trim().to_owned()),
                _ => self.problem(item.line, key, "must be a list of words"),
            }
        }
        texts
    }

    /// A secret, from `key` itself or from the file that `{key}_file` names. Never quoted in a message.
    pub(super) fn secret(&mut self, key: &str) -> Option<(u64, SecretString)> {
        let file_key = format!("{key}_file");
        let direct = self.scalar(key).filter(|(_, scalar)| !scalar.text.is_empty());
        let file = self.text(&file_key);
        match (direct, file) {
            (Some(_), Some((line, _))) => {
                self.problem(
                    line,
                    &file_key,
                    format!("is given together with {key}; keep one of them"),
                );
                None
            }
            (Some((line, scalar)), None) => Some((line, SecretString::from(scalar.text))),
            (None, Some((line, path))) => match read_secret_file(Path::new(&path)) {
                Ok(secret) => Some((line, secret)),
                Err(reason) => {
                    self.problem(line, &file_key, format!("{path} {reason}"));
                    None
                }
            },
            (None, None) => None,
        }
    }

    /// Makes the keys of one list entry readable as `{prefix}.{name}`.
    pub(super) fn add_entry(&mut self, prefix: &str, pattern: &str, entry: Located) {
        self.absorb(Layers::from_list_entry(prefix, pattern, entry));
    }

    fn absorb(&mut self, layers: Layers) {
        self.settings.extend(layers.settings);
        self.problems.extend(layers.problems);
        self.warnings.extend(layers.warnings);
    }

    fn parsed<T>(&mut self, key: &str, allowed: &str, parse: impl Fn(&str) -> Option<T>) -> Option<T> {
        let (line, scalar) = self.scalar(key)?;
        let parsed = parse(&scalar.text);
        if parsed.is_none() {
            let shown = match &scalar.written {
                Some(written) => format!("`{written}`, with the environment's value put in,"),
                None => format!("`{}`", scalar.text),
            };
            self.problem(line, key, format!("{shown} is not allowed; expected {allowed}"));
        }
        parsed
    }
}

/// `$NAME` alone was a variable in the Python service's file; here only `${NAME}` is.
fn is_bare_reference(text: &str) -> bool {
    text.strip_prefix('$').is_some_and(|name| {
        name.len() > 1
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name
                .chars()
                .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    })
}

/// A secret that lies in a file of its own; the error fits behind the name of the file.
pub(super) fn read_secret_file(path: &Path) -> Result<SecretString, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))?;
    let mut text = String::from_utf8(bytes).map_err(|_| "is not UTF-8 text".to_owned())?;
    let trimmed = text.trim_end_matches(['\n', '\r']).len();
    text.truncate(trimmed);
    if text.is_empty() {
        return Err("is empty".to_owned());
    }
    Ok(SecretString::from(text))
}

fn describe_range<T: PartialEq + Display>(range: &RangeInclusive<T>, unbounded: T) -> String {
    if *range.end() == unbounded {
        format!(" of at least {}", range.start())
    } else {
        format!(" from {} to {}", range.start(), range.end())
    }
}

fn describe_bytes(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    if bytes > 0 && bytes.is_multiple_of(MIB) {
        format!("{} MiB", bytes / MIB)
    } else {
        format!("{bytes} bytes")
    }
}
