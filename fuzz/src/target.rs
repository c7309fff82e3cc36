//! What has to hold for any answer: each issue that was asked for is read, failed or absent, and what is read becomes
//! documents.
//!
//! `mutation` makes the answers.

use std::fmt;

use jira_client::{Field, Issue, read_bulk_answer};
use jira_connector::inbound::source::CustomFieldNames;
use jira_connector::inbound::source::documents::{self, Attachments, DocumentContext, FileRules};

/// Ids of the samples, and two that no sample has.
const ASKED: &[u64] = &[7, 10003, 10437, 20817, 99999];

/// The outcome for the issues of one answer.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    read: u64,
    failed: u64,
    absent: u64,
}

/// The outcome for all.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) inputs: u64,
    refused: u64,
    issues: Outcome,
}

impl Tally {
    pub(crate) fn add(&mut self, outcome: &Option<Outcome>) {
        self.inputs += 1;
        match outcome {
            None => self.refused += 1,
            Some(outcome) => {
                self.issues.read += outcome.read;
                self.issues.failed += outcome.failed;
                self.issues.absent += outcome.absent;
            }
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Outcome { read, failed, absent } = self.issues;
        write!(
            f,
            "{} answers, {} of them refused whole; of the issues asked for {read} were read, {failed} failed, {absent} \
             were absent",
            self.inputs, self.refused
        )
    }
}

/// None when the answer was refused whole; an error when something does not hold.
pub(crate) fn run(body: &[u8]) -> Result<Option<Outcome>, String> {
    let Ok(fetched) = read_bulk_answer(ASKED, body) else {
        return Ok(None);
    };
    let mut accounted: Vec<u64> = fetched.issues.iter().map(|issue| issue.id).collect();
    accounted.extend(fetched.failed.iter().map(|(id, _)| *id));
    accounted.extend(&fetched.absent);
    accounted.sort_unstable();
    if accounted != ASKED {
        return Err(format!("asked for {ASKED:?} and heard of {accounted:?}"));
    }
    let outcome = Outcome {
        read: fetched.issues.len() as u64,
        failed: fetched.failed.len() as u64,
        absent: fetched.absent.len() as u64,
    };
    for issue in fetched.issues {
        becomes_documents(issue)?;
    }
    Ok(Some(outcome))
}

fn becomes_documents(mut issue: Issue) -> Result<(), String> {
    let context = context();
    let restricted = documents::take_restricted(&mut issue.fields);
    for entry in &restricted.entries {
        documents::restricted_entry(&context, &issue, entry);
    }
    if let Attachments::Listed(files, _) = documents::attachments(&context, &issue)
        && let Some(file) = files.iter().find(|file| file.document.issue_id != Some(issue.id))
    {
        return Err(format!("attachment {} belongs to no issue", file.document.id.as_str()));
    }
    let projects = std::collections::BTreeSet::from(["AL".to_owned()]);
    documents::SideDoors {
        own_key: &issue.key,
        projects: &projects,
    }
    .close(&mut issue.fields);
    let id = issue.id;
    let document = documents::issue(&context, issue);
    if document.jira_id != id || document.id.as_str().is_empty() {
        return Err(format!("the document of issue {id} does not name it"));
    }
    Ok(())
}

fn context() -> DocumentContext {
    let names = [
        ("customfield_10020", "Sprint"),
        ("customfield_10100", "Sprint"),
        ("customfield_10004", "a..b"),
    ];
    let fields = names.map(|(id, name)| Field {
        id: id.to_owned(),
        name: name.to_owned(),
        custom: true,
        schema: None,
    });
    DocumentContext {
        base_url: "https://jira.example.com".to_owned(),
        custom_fields: CustomFieldNames::new(&fields),
        sync_started: String::new(),
        files: FileRules {
            max_size: 1000,
            read_here: false,
            extensions: Vec::new(),
        },
    }
}
