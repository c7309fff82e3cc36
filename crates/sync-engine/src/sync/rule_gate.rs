//! Basic sync rules at work: which documents of a batch are indexed, judged as they will stand in the index.
//!
//! `sync_rules` reads the rules; `deletion` removes what is indexed of a document that is left out.

use std::collections::HashSet;

use super::document::{Document, DocumentKind};
use super::encode;
use super::listing::IssueId;
use super::source::{Source, SourceError};
use crate::sync_rules::{RuleSet, Verdict};

/// The rules, and which issues of a batch they leave out.
#[derive(Debug)]
pub(super) struct RuleGate<'r> {
    rules: &'r RuleSet,
    issues_left_out: HashSet<IssueId>,
}

impl<'r> RuleGate<'r> {
    /// Judges the issues of a batch, on which what belongs to them depends.
    pub(super) fn new(rules: &'r RuleSet, documents: &mut [Document]) -> Self {
        let mut gate = Self {
            rules,
            issues_left_out: HashSet::new(),
        };
        for document in documents
            .iter_mut()
            .filter(|document| document.kind == DocumentKind::Issue)
        {
            if !gate.admits(document) {
                gate.issues_left_out.extend(document.issue_id);
            }
        }
        gate
    }

    /// Whether this document is indexed. What no rule matches goes with its issue: the files of an issue that somebody
    /// left out are left out too, unless a rule includes them.
    pub(super) fn admits(&self, document: &mut Document) -> bool {
        if self.rules.keeps_everything() {
            return true;
        }
        encode::identify(document);
        match self.rules.judge(&document.fields) {
            verdict @ Verdict::Decided(_) => verdict.includes(),
            Verdict::NoMatch => !document.issue_id.is_some_and(|id| self.issues_left_out.contains(&id)),
        }
    }
}

/// Those of these issues that the rules leave out as they are in the source now.
pub async fn left_out_by_rules<S: Source>(
    source: &S,
    rules: &RuleSet,
    ids: Vec<IssueId>,
) -> Result<HashSet<IssueId>, SourceError> {
    let mut left_out = HashSet::new();
    if rules.keeps_everything() {
        return Ok(left_out);
    }
    for some in ids.chunks(source.batch_size()) {
        let mut fetched = source.fetch(some.to_vec()).await?;
        left_out.extend(RuleGate::new(rules, &mut fetched.documents).issues_left_out);
    }
    Ok(left_out)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::sync::document::DocumentId;

    fn document(kind: DocumentKind, jira_id: u64, issue_id: u64, fields: &Value) -> Document {
        Document {
            id: DocumentId::new(format!("{kind:?}-{jira_id}")),
            kind,
            jira_id,
            issue_id: Some(issue_id),
            fields: fields.as_object().unwrap().clone(),
        }
    }

    fn rules(records: &[(&str, &str, &str)]) -> RuleSet {
        let records: Vec<Value> = records
            .iter()
            .enumerate()
            .map(|(order, (policy, field, value))| {
                json!({"id": order.to_string(), "order": order, "policy": policy, "field": field, "rule": "equals",
                       "value": value})
            })
            .collect();
        RuleSet::read(&records).unwrap()
    }

    fn admitted(rules: &RuleSet) -> (bool, bool) {
        let mut issue = document(DocumentKind::Issue, 7, 7, &json!({"Type": "Bug"}));
        let gate = RuleGate::new(rules, std::slice::from_mut(&mut issue));
        let mut file = document(DocumentKind::Attachment, 70, 7, &json!({"Type": "Attachment"}));
        (gate.admits(&mut issue), gate.admits(&mut file))
    }

    #[test]
    fn files_go_with_their_issue_unless_a_rule_says_otherwise() {
        assert_eq!(admitted(&rules(&[])), (true, true));
        assert_eq!(admitted(&rules(&[("exclude", "Type", "Bug")])), (false, false));
        assert_eq!(
            admitted(&rules(&[("exclude", "Type", "Bug"), ("include", "Type", "Attachment")])),
            (false, true)
        );
        assert_eq!(admitted(&rules(&[("exclude", "Type", "Attachment")])), (true, false));
    }

    #[test]
    fn rules_see_the_ids_that_every_document_has() {
        assert_eq!(admitted(&rules(&[("exclude", "jira_id", "70")])), (true, false));
        assert_eq!(admitted(&rules(&[("exclude", "id", "Issue-7")])), (false, false));
        assert_eq!(admitted(&rules(&[("exclude", "issue_id", "7")])), (true, false));
    }
}
