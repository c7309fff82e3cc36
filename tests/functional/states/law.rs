//! What the records of jobs and connectors may look like, one version after the other and in the end. It judges what
//! `observer` saw, which may have missed versions in between.

use std::time::Duration;

use serde_json::Value;

use super::observer::{History, Seen, Sighting};

/// Everything that was not as it must be, a sentence each; nothing may be under way any more.
pub(crate) fn violations(seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    for (id, job) in &seen.jobs {
        let problems = changes(job).chain(versions(job)).chain(end_of_job(job));
        found.extend(problems.map(|problem| format!("job {id}: {problem}\n{}", told(job))));
    }
    for (id, connector) in &seen.connectors {
        let jobs: Vec<&History> = of_connector(seen, id).collect();
        let problems = connector_versions(connector)
            .chain(syncs_at_once(&jobs))
            .chain(end_of_connector(connector, &jobs));
        let told: Vec<String> = jobs.iter().map(|job| told(job)).collect();
        found.extend(problems.map(|problem| format!("connector {id}: {problem}\n{}", told.join("\n"))));
    }
    found
}

/// Whether a job may be seen in the second state some time after the first. Giving a job back whose connector is busy
/// makes it pending again, nothing having been done for it; else these are the moves of Elasticsearch's own rules.
fn may_become(from: &str, to: &str) -> bool {
    match from {
        "pending" | "in_progress" => true,
        "suspended" => to != "pending",
        "canceling" => matches!(to, "canceling" | "canceled" | "error"),
        _ => false,
    }
}

/// Elasticsearch's API looks at the job, then writes: it can move a job to `canceling` that ended in between.
fn is_late_cancel(job: &History, to: &Sighting) -> bool {
    const SLACK: Duration = Duration::from_millis(500);
    let asked = job
        .canceled
        .is_some_and(|(asked, done)| asked <= to.at && to.at <= done + SLACK);
    asked && to.status() == "canceling"
}

fn changes(job: &History) -> impl Iterator<Item = String> + '_ {
    let pairs = job.sightings.windows(2);
    pairs.filter_map(|pair| {
        let (from, to) = (&pair[0], &pair[1]);
        if is_late_cancel(job, to) {
            return None;
        }
        if from.is_over() {
            return Some(format!("it was over and was changed: {} to {}", from.record, to.record));
        }
        (!may_become(from.status(), to.status())).then(|| format!("{} became {}", from.status(), to.status()))
    })
}

/// What every version of a job has and has not, by its status.
fn versions(job: &History) -> impl Iterator<Item = String> + '_ {
    job.sightings.iter().filter_map(|version| {
        let has = |member: &str| version.record[member].is_string();
        let orphaned = version.text("error").is_some_and(|error| error.contains("was deleted"));
        let (status, is_over) = (version.status(), version.is_over());
        let problem = match status {
            "pending" if has("started_at") => "it waits and has begun",
            "in_progress" | "canceling" | "completed" if !has("started_at") => "it has not begun",
            "in_progress" | "completed" if !has("worker_hostname") => "nobody runs it",
            "completed" | "suspended" | "pending" if !version.record["error"].is_null() => "it has an error",
            "canceled" if !version.record["error"].is_null() && !orphaned => "it was canceled and has an error",
            "error" if version.text("error").is_none_or(str::is_empty) => "there is no error",
            "canceled" if !has("canceled_at") => "nobody knows when it was canceled",
            _ if is_over && !has("completed_at") => "nobody knows when it ended",
            "pending" | "suspended" | "in_progress" if has("completed_at") => "it has ended",
            "pending" | "in_progress" | "canceling" | "suspended" | "completed" | "canceled" | "error" => return None,
            _ => "there is no such status",
        };
        Some(format!("{status}, and {problem}: {}", version.record))
    })
}

fn end_of_job(job: &History) -> impl Iterator<Item = String> {
    let (status, is_gone) = (job.last().map_or("none", Sighting::status), job.gone.is_some());
    let counts = [
        "indexed_document_count",
        "deleted_document_count",
        "indexed_document_volume",
    ];
    let is_counted = job
        .last()
        .is_none_or(|last| counts.iter().all(|count| last.record[*count].is_u64()));
    let checks = [
        (job.came_back, "it came back after it had been deleted"),
        (!job.is_over(), "it never ends"),
        (!is_counted, "its counts are no counts"),
        (
            job.canceled.is_some() && !is_gone && !matches!(status, "canceled" | "error"),
            "it was canceled, and went on",
        ),
    ];
    let problems = checks.into_iter().filter(|(is_wrong, _)| *is_wrong);
    problems
        .map(|(_, problem)| problem.to_owned())
        .collect::<Vec<_>>()
        .into_iter()
}

fn of_connector<'a>(seen: &'a Seen, id: &'a str) -> impl Iterator<Item = &'a History> {
    seen.jobs.values().filter(move |job| {
        let connector = job.last().and_then(|last| last.record["connector"]["id"].as_str());
        connector == Some(id)
    })
}

fn is_content(job: &History) -> bool {
    job.last()
        .is_some_and(|last| last.text("job_type") != Some("access_control"))
}

/// A worker reports on a job only while it believes that the connector is its own. Of two jobs one may be claimed and
/// given back, or left behind by a dead worker, while the other runs; but nobody reports both before and after another
/// one's report under the same claim.
fn syncs_at_once(jobs: &[&History]) -> impl Iterator<Item = String> {
    let mut problems = Vec::new();
    for content in [true, false] {
        let jobs: Vec<&&History> = jobs.iter().filter(|job| is_content(job) == content).collect();
        for (number, job) in jobs.iter().enumerate() {
            let ours = reports(job);
            for (other_number, other) in jobs.iter().enumerate().filter(|(other, _)| *other != number) {
                let between = reports(other).into_iter().find(|(look, _)| {
                    let before = ours.iter().filter(|(ours, _)| ours < look);
                    let mut before = before.map(|(_, claim)| claim);
                    before.any(|claim| ours.iter().any(|(later, same)| later > look && same == claim))
                });
                if let Some((look, claim)) = between {
                    problems.push(format!(
                        "jobs {number} and {other_number} of these run at once: in look {look} by {claim}"
                    ));
                }
            }
        }
    }
    problems.into_iter()
}

/// In which looks a running job had been reported on, and under which claim.
fn reports(job: &History) -> Vec<(usize, &str)> {
    let pairs = job.sightings.windows(2);
    let reports = pairs.filter_map(|pair| {
        let claim = pair[1].claim()?;
        let same_claim = pair[0].claim() == Some(claim);
        let seen = pair[0].text("last_seen") != pair[1].text("last_seen");
        (same_claim && seen && pair[0].is_running() && pair[1].is_running()).then_some((pair[1].look, claim))
    });
    reports.collect()
}

/// The fields of a connector that tell of its last sync of one kind.
struct Fields {
    status: &'static str,
    error: &'static str,
    holder: &'static str,
}

const CONTENT: Fields = Fields {
    status: "last_sync_status",
    error: "last_sync_error",
    holder: "running_sync_job_id",
};

const ACCESS_CONTROL: Fields = Fields {
    status: "last_access_control_sync_status",
    error: "last_access_control_sync_error",
    holder: "running_access_control_sync_job_id",
};

fn connector_versions(connector: &History) -> impl Iterator<Item = String> + '_ {
    connector.sightings.iter().flat_map(|version| {
        let known = ["created", "needs_configuration", "configured", "connected", "error"];
        let wrong_status = (!known.contains(&version.status())).then(|| format!("status {}", version.status()));
        let locks = [CONTENT, ACCESS_CONTROL].into_iter().filter_map(|fields| {
            let (status, error) = (version.text(fields.status), &version.record[fields.error]);
            let is_locked = status == Some("in_progress");
            let is_right = match status {
                None | Some("completed" | "canceled" | "suspended" | "in_progress") => error.is_null(),
                Some("error") => error.is_string(),
                Some(_) => false,
            };
            if is_right && is_locked == version.record[fields.holder].is_string() {
                return None;
            }
            let holder = &version.record[fields.holder];
            Some(format!(
                "{} is {status:?}, the error {error}, the holder {holder}",
                fields.status
            ))
        });
        locks.chain(wrong_status).collect::<Vec<_>>()
    })
}

fn end_of_connector(connector: &History, jobs: &[&History]) -> Vec<String> {
    let Some(last) = connector.last().filter(|_| connector.gone.is_none()) else {
        return Vec::new();
    };
    let mut problems = Vec::new();
    let error = &last.record["error"];
    let known = [&last.record[CONTENT.error], &last.record[ACCESS_CONTROL.error]];
    match last.status() {
        "connected" if error.is_null() => {}
        "error" if error.is_string() && known.contains(&error) => {}
        status => problems.push(format!(
            "in the end its status is {status} and its error {error}, of {known:?}"
        )),
    }
    for fields in [CONTENT, ACCESS_CONTROL] {
        if last.record[fields.status] == "in_progress" || !last.record[fields.holder].is_null() {
            problems.push(format!(
                "it stays locked: {} is {}",
                fields.holder, last.record[fields.holder]
            ));
        }
        let content = fields.status == CONTENT.status;
        let kind: Vec<&&History> = jobs.iter().filter(|job| is_content(job) == content).collect();
        // A job whose record somebody deleted has an end that nobody saw.
        if kind.iter().any(|job| job.gone.is_some()) {
            continue;
        }
        let Some((_, ended)) = kind.iter().filter_map(|job| run_of(job)).max_by(|a, b| a.0.cmp(b.0)) else {
            continue;
        };
        let told = (&last.record[fields.status], &last.record[fields.error]);
        if told != (&ended.record["status"], &ended.record["error"]) {
            problems.push(format!(
                "in the end its last sync is {told:?}, and was {}",
                ended.record
            ));
        }
    }
    problems
}

/// When a worker last stopped to work on a job, and how. Who cancels a job that waits leaves the connector alone.
fn run_of(job: &History) -> Option<(&str, &Sighting)> {
    let ended = job
        .sightings
        .windows(2)
        .rev()
        .find(|pair| pair[0].is_running() && !pair[1].is_running());
    let last = &ended?[1];
    // What was given back has not run.
    let was_reported = !last.record["metadata"]["phase"].is_null() || last.is_over();
    was_reported.then(|| {
        (
            last.text("completed_at").or(last.text("last_seen")).unwrap_or_default(),
            last,
        )
    })
}

/// The life of a job in a few lines, for who has to find out.
fn told(job: &History) -> String {
    let last = job.last().map_or(&Value::Null, |last| &last.record);
    let mut text = format!("    {} of {}:", last["job_type"], last["connector"]["id"]);
    for version in &job.sightings {
        let claim = version
            .claim()
            .and_then(|claim| claim.get(claim.len() - 4..))
            .unwrap_or("-");
        text += &format!(" {:.2}s {} ({claim})", version.at.as_secs_f64(), version.status());
    }
    if let Some((asked, _)) = job.canceled {
        text += &format!(" canceled at {:.2}s", asked.as_secs_f64());
    }
    if let Some(gone) = job.gone {
        text += &format!(" gone at {:.2}s", gone.as_secs_f64());
    }
    format!("{text} {}", last["error"])
}
