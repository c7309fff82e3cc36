//! House rules that no compiler holds: form of files, direction of imports, who may print or read the environment.
//!
//! It looks at text only; what the code does is for the other tests. Each message says what to do instead.

use std::fs;
use std::path::{Path, PathBuf};

/// Longer files hide their parts; `CONTRIBUTING.md` says how to split.
const MOST_LINES: usize = 500;

/// Which of our modules each module may name, faces first. What stands lower knows less. The parts of `inbound` and
/// `outbound` are modules of their own here; the two halves never name each other.
const MAY_IMPORT: &[(&str, &[&str])] = &[
    // The worker for `run` only.
    ("cli", &["http", "operations", "worker", "config", "telemetry"]),
    ("http", &["operations", "clients", "config", "telemetry"]),
    (
        "operations",
        &[
            "inbound::connectors",
            "inbound::jobs",
            "inbound::schedules",
            "inbound::sink",
            "inbound::source",
            "inbound::text_extraction",
            "outbound::connector",
            "outbound::delivery",
            "outbound::executions",
            "outbound::kinds",
            "outbound::secrets",
            "outbound::shape",
            "outbound::store",
            "outbound::targets",
            "forms",
            "clients",
            "config",
            "telemetry",
        ],
    ),
    (
        "worker",
        &[
            "inbound::records",
            "inbound::connectors",
            "inbound::jobs",
            "inbound::schedules",
            "inbound::source",
            "inbound::text_extraction",
            "coordination",
            "clients",
            "config",
            "telemetry",
        ],
    ),
    (
        "inbound::jobs",
        &[
            "inbound::records",
            // What rules would do, before the first job on an index of another connector.
            "inbound::connectors",
            "inbound::source",
            "inbound::sink",
            "inbound::text_extraction",
            "coordination",
            "clients",
            "config",
            "telemetry",
        ],
    ),
    (
        "inbound::connectors",
        &[
            "inbound::records",
            "inbound::schedules",
            "inbound::source",
            "coordination",
            "clients",
            "config",
            "telemetry",
        ],
    ),
    ("inbound::records", &["coordination"]),
    ("inbound::schedules", &["config", "telemetry"]),
    (
        "inbound::source",
        &["inbound::text_extraction", "forms", "config", "telemetry"],
    ),
    ("inbound::sink", &["config", "telemetry"]),
    ("inbound::text_extraction", &["config", "telemetry"]),
    (
        "outbound::executions",
        &[
            "outbound::connector",
            "outbound::delivery",
            "outbound::kinds",
            "outbound::shape",
            "outbound::targets",
            "telemetry",
        ],
    ),
    (
        "outbound::kinds",
        &["outbound::connector", "outbound::delivery", "outbound::shape"],
    ),
    ("outbound::delivery", &["coordination", "telemetry"]),
    ("outbound::connector", &[]),
    ("outbound::secrets", &[]),
    ("outbound::shape", &[]),
    ("outbound::targets", &[]),
    (
        "outbound::store",
        &["outbound::connector", "outbound::secrets", "config"],
    ),
    ("coordination", &["config", "telemetry"]),
    ("forms", &[]),
    ("clients", &["config"]),
    ("telemetry", &["config"]),
    ("config", &[]),
];

/// Words that the files of a folder must not use, with the reason.
const MAY_NOT_NAME: &[(&str, &[&str], &str)] = &[
    (
        "crates/sync-engine/src/",
        &[
            "jira_client",
            "elastic_client",
            "reqwest",
            "std::fs",
            "tokio::fs",
            "tokio::net",
        ],
        "the engine knows traits, neither Jira nor HTTP nor files",
    ),
    (
        "src/inbound/source/",
        &["elastic_client"],
        "the sink writes to Elasticsearch",
    ),
    ("src/inbound/sink/", &["jira_client"], "the source reads from Jira"),
    (
        "crates/sync-engine/src/sync_rules/",
        PURE,
        "sync rules are pure: pass values and times in",
    ),
    (
        "crates/sync-engine/src/access_control/",
        PURE,
        "access control is pure: pass values and times in",
    ),
];

/// What pure code does without.
const PURE: &[&str] = &["tokio", "SystemTime", "Instant::now", "Utc::now"];

struct SourceFile {
    /// Relative to the repository, with `/`.
    name: String,
    text: String,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The files of the repository with one of the extensions, without build output and hidden folders.
fn files(extensions: &[&str]) -> Vec<SourceFile> {
    fn walk(folder: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("folders of the repository can be listed") {
            let path = entry.expect("folders of the repository can be listed").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    walk(&path, extensions, found);
                }
            } else if path
                .extension()
                .is_some_and(|extension| extensions.iter().any(|wanted| extension == *wanted))
            {
                found.push(path);
            }
        }
    }
    let mut found = Vec::new();
    walk(root(), extensions, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|path| SourceFile {
            name: path
                .strip_prefix(root())
                .expect("the walk began at the root")
                .to_string_lossy()
                .replace('\\', "/"),
            text: fs::read_to_string(&path).expect("sources and documents are UTF-8"),
        })
        .collect()
}

/// Lines with their numbers, comments left out.
fn code_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
        .filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// Modules whose parts have rules of their own.
const HALVES: [&str; 2] = ["inbound", "outbound"];

/// The module of a file of `src/`: `config` for `src/config/load.rs` and for `src/config.rs`, `inbound::sink` for
/// `src/inbound/sink/scan.rs`.
fn module_of(name: &str) -> Option<String> {
    let mut parts = name.strip_prefix("src/")?.strip_suffix(".rs")?.split('/');
    let module = parts.next()?;
    match parts.next() {
        Some(part) if HALVES.contains(&module) => (part != "mod").then(|| format!("{module}::{part}")),
        _ => (!matches!(module, "main" | "lib")).then(|| module.to_owned()),
    }
}

/// The modules that a text names after `crate::`. Imports of several modules at once are refused elsewhere.
fn modules_named(text: &str) -> Vec<String> {
    let name = |text: &str| -> String { text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect() };
    let mut named = Vec::new();
    for (position, path) in text.match_indices("crate::") {
        let before = text[..position].chars().next_back();
        if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &text[position + path.len()..];
        let module = name(rest);
        let part = rest[module.len()..].strip_prefix("::").map(name);
        named.push(match part {
            Some(part) if HALVES.contains(&module.as_str()) => format!("{module}::{part}"),
            _ => module,
        });
    }
    named
}

fn assert_clean(complaints: &[String]) {
    assert!(
        complaints.is_empty(),
        "{} complaint(s):\n{}",
        complaints.len(),
        complaints.join("\n")
    );
}

#[test]
fn files_open_with_their_purpose_and_stay_short() {
    let mut complaints = Vec::new();
    for file in files(&["rs", "java"]) {
        let lines = file.text.lines().count();
        if lines > MOST_LINES {
            complaints.push(format!(
                "{}: {lines} lines; split it by role, {MOST_LINES} is the limit",
                file.name
            ));
        }
        if file.name.ends_with(".rs") && !file.text.starts_with("//!") {
            complaints.push(format!(
                "{}: open it with `//!`: what it is for, and what it leaves to others",
                file.name
            ));
        }
    }
    assert_clean(&complaints);
}

#[test]
fn names_say_what_is_inside() {
    let empty_names = ["utils", "util", "helpers", "helper", "common", "misc", "imp"];
    let complaints: Vec<String> = files(&["rs", "java"])
        .iter()
        .filter(|file| {
            let path = Path::new(&file.name);
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
            let folder = path
                .parent()
                .and_then(Path::file_name)
                .unwrap_or_default()
                .to_string_lossy()
                .to_lowercase();
            empty_names.contains(&stem.as_str()) || empty_names.contains(&folder.as_str())
        })
        .map(|file| format!("{}: name it after what it does", file.name))
        .collect();
    assert_clean(&complaints);
}

#[test]
fn module_roots_hold_no_logic() {
    let starts = [
        "fn ",
        "pub fn ",
        "pub(crate) fn ",
        "async fn ",
        "impl ",
        "impl<",
        "struct ",
        "pub struct ",
        "enum ",
        "pub enum ",
    ];
    let mut complaints = Vec::new();
    for file in files(&["rs"]) {
        let is_root = file.name.ends_with("/mod.rs") || file.name.ends_with("src/lib.rs");
        if !is_root {
            continue;
        }
        for (number, line) in code_lines(&file.text) {
            if starts.iter().any(|start| line.starts_with(start)) {
                complaints.push(format!("{}:{number}: move this into a file named after it", file.name));
            }
        }
    }
    assert_clean(&complaints);
}

#[test]
fn nothing_is_left_for_later() {
    // Put together here so that this file does not complain about itself.
    let words = [
        (
            concat!("to", "do!("),
            "write it, or leave it out and say so in the issue",
        ),
        (
            concat!("unimple", "mented!("),
            "write it, or leave it out and say so in the issue",
        ),
        (concat!("FIX", "ME"), "fix it, or file an issue"),
        (
            concat!("#[ig", "nore"),
            "a test runs or goes; say what it needs in its own text",
        ),
        (
            concat!("thread::sl", "eep"),
            "poll with a deadline, or wait for the event itself",
        ),
    ];
    let mut complaints = Vec::new();
    for file in files(&["rs"]) {
        for (number, line) in file.text.lines().enumerate() {
            for (word, advice) in words {
                if line.contains(word) {
                    complaints.push(format!("{}:{}: {word}: {advice}", file.name, number + 1));
                }
            }
        }
    }
    assert_clean(&complaints);
}

#[test]
fn modules_import_downwards() {
    let mut complaints = Vec::new();
    for file in files(&["rs"]) {
        let code: String = code_lines(&file.text).map(|(_, line)| format!("{line}\n")).collect();
        for (_, words, reason) in MAY_NOT_NAME
            .iter()
            .filter(|(folder, _, _)| file.name.starts_with(folder))
        {
            for word in words.iter().filter(|word| code.contains(**word)) {
                complaints.push(format!("{}: names {word}, but {reason}", file.name));
            }
        }
        let Some(module) = module_of(&file.name) else { continue };
        let Some((_, allowed)) = MAY_IMPORT.iter().find(|(name, _)| *name == module) else {
            complaints.push(format!(
                "{}: module {module} is new; say in tests/tidy.rs what it may import",
                file.name
            ));
            continue;
        };
        for named in modules_named(&code) {
            if named != module && !named.is_empty() && !allowed.contains(&named.as_str()) {
                complaints.push(format!(
                    "{}: {module} must not import {named}; declare a trait in {module}, or move the code",
                    file.name
                ));
            }
            if named.is_empty() {
                complaints.push(format!(
                    "{}: name the module after `crate::`, not a list of several",
                    file.name
                ));
            }
        }
        let sees_all = ["cli", "http", "operations", "worker", "config", "clients"].contains(&module.as_str());
        if !sees_all && code.contains("config::Config}") | code.contains("config::Config;") | code.contains("{Config,")
        {
            complaints.push(format!(
                "{}: take a section, such as BulkConfig, not the whole Config",
                file.name
            ));
        }
    }
    assert_clean(&complaints);
}

#[test]
fn leaf_crates_know_nothing_of_the_product() {
    const OURS: [&str; 6] = [
        "jira_connector",
        "jira_client",
        "elastic_client",
        "sync_engine",
        "http_kit",
        "jira_fixture",
    ];
    let mut complaints = Vec::new();
    for file in files(&["rs"]) {
        let mut parts = file.name.split('/');
        let (root, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let (own, folder) = (name.replace('-', "_"), parts.next().unwrap_or_default());
        let may_name = |word: &str| match root {
            "crates" if own.ends_with("_client") => word == "http_kit" || word == "jira_fixture" && folder != "src",
            "fixtures" => word == "jira_fixture",
            _ => false,
        };
        if !["crates", "fixtures"].contains(&root) {
            continue;
        }
        for (number, line) in code_lines(&file.text) {
            let named = OURS.iter().filter(|word| line.contains(&format!("{word}::")));
            for word in named.filter(|word| **word != own && !may_name(word)) {
                complaints.push(format!("{}:{number}: a leaf crate must not use {word}", file.name));
            }
        }
    }
    assert_clean(&complaints);
}

#[test]
fn one_place_reads_the_environment_and_one_prints() {
    let prints = ["println!(", "print!(", "io::stdout()"];
    let mut complaints = Vec::new();
    for file in files(&["rs"])
        .iter()
        .filter(|file| file.name.starts_with("src/") || file.name.contains("/src/"))
    {
        let may_print = file.name.starts_with("src/cli/")
            || file.name.starts_with("fuzz/")
            || (file.name.starts_with("fixtures/") && file.name.ends_with("/src/main.rs"))
            || matches!(
                file.name.as_str(),
                "src/main.rs" | "src/cli.rs" | "bench/src/command.rs" | "bench/src/ftest/command.rs"
            );
        for (number, line) in code_lines(&file.text) {
            if !file.name.starts_with("src/config/") && line.contains("env::var") {
                complaints.push(format!(
                    "{}:{number}: take the value from config, which reads the environment",
                    file.name
                ));
            }
            if !may_print && prints.iter().any(|word| line.contains(word)) {
                complaints.push(format!("{}:{number}: only cli prints; log it, or return it", file.name));
            }
        }
    }
    assert_clean(&complaints);
}

#[test]
fn links_between_documents_lead_somewhere() {
    let mut complaints = Vec::new();
    for file in files(&["md"]) {
        let folder = root().join(&file.name).parent().unwrap().to_owned();
        for (number, line) in file.text.lines().enumerate() {
            for (position, _) in line.match_indices("](") {
                let target: String = line[position + 2..]
                    .chars()
                    .take_while(|c| !matches!(c, ')' | ' '))
                    .collect();
                let path = target.split('#').next().unwrap_or_default();
                let is_elsewhere = path.is_empty() || path.contains("://") || path.starts_with("mailto:");
                if !is_elsewhere && !folder.join(path).exists() {
                    complaints.push(format!("{}:{}: {path} does not exist", file.name, number + 1));
                }
            }
        }
    }
    assert_clean(&complaints);
}

#[test]
fn named_modules_are_found_in_every_form() {
    let named = modules_named(
        "use crate::config::{A, B};\nx(crate::cli::go());\n$crate::no; mycrate::no; crate::inbound::sink::C",
    );
    assert_eq!(named, ["config", "cli", "inbound::sink"]);
}
