//! README is a promise: its commands exist, and its transcript of the demo is what the programs print.
//!
//! The other documents are held to the same for the commands and make targets that they name. Links and the form of the
//! text are for `tests/tidy.rs`.

use std::collections::BTreeSet;
use std::path::Path;

use clap::{Command, CommandFactory};
use jira_connector::cli::Arguments;
use regex::Regex;
use serde_json::json;

use crate::harness::Stack;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// README, CONTRIBUTING and everything in `docs`, by name.
fn documents() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = vec![root.join("docs")];
    let mut names = vec!["README.md".to_owned(), "CONTRIBUTING.md".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                names.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    names.into_iter().map(|name| (name.clone(), read(&name))).collect()
}

/// What stands between backquotes, and the lines of code blocks without their comments.
fn code(text: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut in_block = false;
    let mut continued = String::new();
    for line in text.lines() {
        if line.starts_with("```") {
            in_block = !in_block;
        } else if in_block {
            let line = line.split(" #").next().unwrap_or_default();
            match line.trim_end().strip_suffix('\\') {
                Some(more) => continued += more,
                None => all.push(std::mem::take(&mut continued) + line),
            }
        } else {
            // A bar inside a table cell is written `\|`.
            let line = line.replace("\\|", "|");
            all.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    all
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !text.starts_with('-')
}

/// The complaint about one command as a document writes it, without the program's name.
fn complaint(written: &str) -> Option<String> {
    let mut program = Arguments::command();
    program.build();
    let mut command: &Command = &program;
    let mut words = written.split_whitespace().peekable();
    let mut options = Vec::new();
    while let Some(word) = words.next() {
        let option = word.trim_matches(['[', ']', ',', '.', ')']);
        if option.starts_with('-') {
            options.push(option.split('=').next().unwrap_or_default());
            // Only of `-c` it is known that a value follows.
            if option == "-c" {
                words.next();
            }
        } else if command.has_subcommands() {
            if !is_word(word) {
                return None;
            }
            match command.find_subcommand(word) {
                Some(found) => command = found,
                None => return Some(format!("`{written}`: there is no command {word}")),
            }
        } else if matches!(word, "&" | ">" | "|") {
            break;
        }
    }
    let known = |option: &str| {
        matches!(option, "-h" | "--help" | "-V" | "--version" | "--" | "-")
            || command.get_arguments().any(|argument| {
                argument.get_long().is_some_and(|long| option == format!("--{long}"))
                    || argument.get_short().is_some_and(|short| option == format!("-{short}"))
            })
    };
    let unknown: Vec<&str> = options.into_iter().filter(|option| !known(option)).collect();
    (!unknown.is_empty()).then(|| format!("`{written}`: does not take {}", unknown.join(", ")))
}

/// `connector create` and the like.
fn commands_of(command: &Command, before: &str, all: &mut BTreeSet<String>) {
    for sub in command
        .get_subcommands()
        .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
    {
        let name = format!("{before}{}", sub.get_name());
        if sub.has_subcommands() {
            commands_of(sub, &format!("{name} "), all);
        } else {
            all.insert(name);
        }
    }
}

/// The first cells of README's table of commands, taken apart into commands.
fn commands_of_readme() -> Vec<String> {
    let readme = read("README.md");
    let table = readme
        .split("\n## Commands\n")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    table
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .flat_map(|row| code(&format!("`{}", row.split(" | ").next().unwrap())))
        .collect()
}

#[test]
fn commands_and_options_that_documents_name_exist() {
    let mut complaints = Vec::new();
    let mut looked_at = 0;
    for (name, text) in documents() {
        for line in code(&text) {
            let Some((before, written)) = line.split_once("jira-connector ") else {
                continue;
            };
            // `docker build --tag jira-connector .` and paths into the image are not calls of it.
            if !before.trim_matches([' ', '$']).is_empty() && !before.ends_with("release/") {
                continue;
            }
            looked_at += 1;
            complaints.extend(complaint(written).map(|complaint| format!("{name}: {complaint}")));
        }
    }
    complaints.extend(commands_of_readme().iter().filter_map(|written| complaint(written)));
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(looked_at > 30, "only {looked_at} commands were found in the documents");
}

#[test]
fn every_command_is_in_the_table_of_the_readme() {
    let mut missing = BTreeSet::new();
    commands_of(&Arguments::command(), "", &mut missing);
    for written in commands_of_readme() {
        missing.retain(|command| written != *command && !written.starts_with(&format!("{command} ")));
    }
    assert!(missing.is_empty(), "README does not name {missing:?}");
}

#[test]
fn make_targets_that_documents_name_exist() {
    let makefile = read("Makefile");
    let mut complaints = Vec::new();
    for (name, text) in documents() {
        for line in code(&text) {
            let Some((_, rest)) = line
                .split_once("make ")
                .filter(|(before, _)| !before.ends_with(char::is_alphabetic))
            else {
                continue;
            };
            let targets = rest.split_whitespace().take_while(|word| is_word(word));
            complaints.extend(
                targets
                    .filter(|target| !makefile.contains(&format!("\n{target}:")))
                    .map(|target| format!("{name}: `{line}`: there is no target {target}")),
            );
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// Says whether a program printed a line of the transcript. Addresses, versions and ids are those of another machine
/// and day, and `...` stands for what was left out.
fn was_printed(line: &str, output: &str) -> bool {
    let mut pattern = regex::escape(line);
    for (what, other) in [
        (r"127\\.0\\.0\\.1:\d+", r"127\.0\.0\.1:\d+"),
        (r"[0-9A-Za-z_\\-]{20,22}:", r"\S+:"),
        (r"version 8\S+", r"version [0-9.]+"),
        (r"\bjira\\-demo\b", r"\S+"),
        (r"\\\.\\\.\\\.", ".*"),
    ] {
        pattern = Regex::new(what)
            .unwrap()
            .replace_all(&pattern, regex::NoExpand(other))
            .into_owned();
    }
    Regex::new(&format!("(?m)^{pattern}$")).unwrap().is_match(output)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_transcript_of_the_demo_is_what_the_demo_prints() {
    let readme = read("README.md");
    let transcript = readme
        .split("```")
        .find(|block| block.contains("4. Checking both sides"))
        .unwrap();
    let demo = read("scripts/demo");
    for step in transcript
        .lines()
        .filter(|line| line.starts_with(|c: char| c.is_ascii_digit()))
    {
        assert!(
            demo.contains(&format!("step \"{step}")),
            "scripts/demo has no step \"{step}\""
        );
    }

    let stack = Stack::small().await;
    let check = stack.command(&["check"]).await.exits_with(0);
    let printed: Vec<&str> = transcript
        .lines()
        .filter_map(|line| line.strip_prefix("  ok "))
        .collect();
    assert!(!printed.is_empty(), "the transcript shows nothing of `check`");
    for line in printed {
        assert!(
            was_printed(&format!("ok {line}"), &check.stdout),
            "`check` does not print \"ok {line}\"; {check}"
        );
    }

    stack.sync_completes(&[]).await;
    let by_type = json!({ "size": 0, "aggs": { "types": { "terms": { "field": "Type.keyword", "size": 20 } } } });
    let path = format!("/{}/_search", stack.index);
    let types = stack.elastic.post(&path, &by_type).await;
    let mut counted = String::new();
    for bucket in types["aggregations"]["types"]["buckets"].as_array().unwrap() {
        counted += &format!(
            "  {:7}  {}\n",
            bucket["doc_count"].as_u64().unwrap(),
            bucket["key"].as_str().unwrap()
        );
    }
    assert!(transcript.contains(&counted), "documents by type are\n{counted}");
    let all = format!("  {} documents in all", stack.jira.site.ids().len());
    assert!(transcript.contains(&all), "there are{all}");

    let search = json!({ "size": 20, "query": { "match": { "Issue.summary": "broken upload" } } });
    let hits = stack.elastic.post(&path, &search).await["hits"].take();
    let matching = format!("  {} issues match; the first of them:", hits["total"]["value"]);
    assert!(transcript.contains(&matching), "the search says \"{matching}\"");
    // Hits that match equally well come in any order.
    let first: Vec<String> = hits["hits"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|hit| hit["_score"] == hits["max_score"])
        .map(|hit| &hit["_source"])
        .map(|hit| {
            format!(
                "  {}  {}",
                hit["Key"].as_str().unwrap(),
                hit["Issue"]["summary"].as_str().unwrap()
            )
        })
        .collect();
    assert!(
        first.iter().any(|hit| transcript.contains(hit)),
        "the best hits are {first:?}"
    );
}
