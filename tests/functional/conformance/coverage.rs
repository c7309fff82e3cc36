//! Holds the data files to naming every endpoint of the `_connector` API: good, bad and one step more.
//!
//! It needs no node; whether the steps hold is for `files`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::files::FILES;
use super::step::{File, Step};

/// All endpoints; a star is an id.
const ENDPOINTS: &[&str] = &[
    "POST /_connector",
    "PUT /_connector",
    "GET /_connector",
    "PUT /_connector/*",
    "GET /_connector/*",
    "DELETE /_connector/*",
    "PUT /_connector/*/_api_key_id",
    "PUT /_connector/*/_check_in",
    "PUT /_connector/*/_configuration",
    "PUT /_connector/*/_error",
    "PUT /_connector/*/_features",
    "PUT /_connector/*/_filtering",
    "PUT /_connector/*/_filtering/_activate",
    "PUT /_connector/*/_filtering/_validation",
    "PUT /_connector/*/_index_name",
    "PUT /_connector/*/_last_sync",
    "PUT /_connector/*/_name",
    "PUT /_connector/*/_native",
    "PUT /_connector/*/_pipeline",
    "PUT /_connector/*/_scheduling",
    "PUT /_connector/*/_service_type",
    "PUT /_connector/*/_status",
    "POST /_connector/_secret",
    "GET /_connector/_secret/*",
    "PUT /_connector/_secret/*",
    "DELETE /_connector/_secret/*",
    "POST /_connector/_sync_job",
    "GET /_connector/_sync_job",
    "GET /_connector/_sync_job/*",
    "DELETE /_connector/_sync_job/*",
    "PUT /_connector/_sync_job/*/_cancel",
    "PUT /_connector/_sync_job/*/_check_in",
    "PUT /_connector/_sync_job/*/_claim",
    "PUT /_connector/_sync_job/*/_error",
    "PUT /_connector/_sync_job/*/_stats",
];

fn is_call_of(endpoint: &str, step: &Step) -> bool {
    let call = step.call.split('?').next().unwrap_or_default();
    let (wanted, called) = (endpoint.split('/'), call.split('/'));
    wanted.clone().count() == called.clone().count()
        && wanted.zip(called).all(|(part, given)| {
            if part == "*" {
                !given.starts_with('_')
            } else {
                part == given
            }
        })
}

#[test]
fn every_endpoint_has_good_bad_and_edge_steps() {
    let files: Vec<File> = FILES.iter().map(|(name, text)| File::parse(name, text)).collect();
    let mut lacking = Vec::new();
    for endpoint in ENDPOINTS {
        let steps = files
            .iter()
            .flat_map(|file| &file.steps)
            .filter(|step| is_call_of(endpoint, step));
        let statuses: Vec<u16> = steps.map(|step| step.status).collect();
        let good = statuses.iter().filter(|status| **status < 300).count();
        let bad = statuses.iter().filter(|status| **status >= 400).count();
        if good == 0 || bad == 0 || good + bad < 3 {
            lacking.push(format!("{endpoint}: {good} good, {bad} bad"));
        }
    }
    assert!(lacking.is_empty(), "too few steps for\n{}", lacking.join("\n"));
}

#[test]
fn every_data_file_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/functional/conformance");
    let names = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let there: BTreeSet<String> = names.filter(|name| name.ends_with(".yml")).collect();
    let run: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(there, run, "files.rs lists the data files");
}

#[test]
fn steps_of_a_file_have_names_of_their_own() {
    for (name, text) in FILES {
        let mut seen = BTreeSet::new();
        for step in File::parse(name, text).steps {
            assert!(
                step.step.contains(": "),
                "{name}: \"{}\" is not named `group: what holds`",
                step.step
            );
            assert!(
                seen.insert(step.step.clone()),
                "{name}: \"{}\" is there twice",
                step.step
            );
        }
    }
}
