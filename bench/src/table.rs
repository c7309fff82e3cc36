//! A report as text for people: the machine, a row for each measurement, the targets, correctness.
//!
//! docs/performance.md explains every column.

use crate::elastic::IndexWork;
use crate::extraction;
use crate::loader::Load;
use crate::machine::Machine;
use crate::measurement::Measurement;
use crate::meter::CpuSeconds;
use crate::report::{Report, best};
use crate::survey::Survey;
use crate::targets::Target;

/// Heads of the columns; a row has as many cells.
const HEADS: [&str; 18] = [
    "",
    "job s",
    "wall s",
    "docs/s",
    "x loader",
    "requests",
    "media",
    "worker s",
    "ms/doc",
    "jira s",
    "ES s",
    "others s",
    "idle MiB",
    "peak MiB",
    "bulks",
    "refreshes",
    "merged",
    "",
];

type Row = [String; HEADS.len()];

/// The whole text.
pub(crate) fn write(report: &Report) -> String {
    let loader = best(&report.loads).map(|load| load.seconds);
    let mut rows = vec![HEADS.map(str::to_owned)];
    rows.extend(report.loads.iter().map(|load| load_row(load, loader)));
    rows.extend(report.measurements.iter().map(|one| sync_row(one, loader)));
    let targets = report.targets.iter().map(target_line);
    let correctness = report.measurements.iter().map(correctness_line);
    let mut lines = head(report);
    lines.push(String::new());
    lines.extend(aligned(&rows));
    lines.extend([String::new(), "Targets".to_owned()]);
    lines.extend(targets);
    lines.extend([String::new(), "Correctness".to_owned()]);
    lines.extend(correctness);
    lines.extend(report.extraction.iter().flat_map(extraction::lines));
    lines.join("\n")
}

fn head(report: &Report) -> Vec<String> {
    let Machine {
        cpu,
        cores,
        memory_gib,
        kernel,
        commit,
    } = &report.machine;
    let Survey {
        projects,
        issues,
        attachments,
        cut_lists,
        granted: _,
    } = report.site;
    let size = report.data_size;
    vec![
        format!("{cores} cores ({cpu}), {memory_gib} GiB, Linux {kernel}, commit {commit}"),
        format!(
            "{size} data: {projects} projects, {issues} issues, {attachments} attachments, {cut_lists} child lists that are cut"
        ),
    ]
}

fn load_row(load: &Load, loader: Option<f64>) -> Row {
    let none = String::new;
    let CpuSeconds {
        jira,
        elasticsearch,
        others,
        ..
    } = load.cpu_seconds;
    let [bulks, refreshes, merged] = work(load.index_work);
    [
        format!("loader x{}", load.in_flight),
        none(),
        format!("{:.2}", load.seconds),
        format!("{:.0}", load.documents_per_second),
        ratio(load.seconds, loader),
        none(),
        none(),
        none(),
        none(),
        format!("{jira:.2}"),
        format!("{elasticsearch:.2}"),
        format!("{others:.2}"),
        none(),
        none(),
        bulks,
        refreshes,
        merged,
        note(load.disturbed),
    ]
}

fn sync_row(one: &Measurement, loader: Option<f64>) -> Row {
    let CpuSeconds {
        worker,
        jira,
        elasticsearch,
        others,
        ..
    } = one.cpu_seconds;
    let [bulks, refreshes, merged] = work(one.index_work);
    [
        one.case.to_string(),
        format!("{:.2}", one.job_seconds),
        format!("{:.2}", one.wall_seconds),
        format!("{:.0}", one.documents as f64 / one.job_seconds),
        ratio(one.job_seconds, loader),
        one.requests.to_string(),
        one.media_requests.to_string(),
        format!("{worker:.2}"),
        format!("{:.3}", one.worker_ms_per_document()),
        format!("{jira:.2}"),
        format!("{elasticsearch:.2}"),
        format!("{others:.2}"),
        format!("{:.0}", one.idle_rss_mib),
        format!("{:.0}", one.peak_rss_mib),
        bulks,
        refreshes,
        merged,
        note(one.disturbed),
    ]
}

fn work(work: IndexWork) -> [String; 3] {
    [work.bulk_requests, work.refreshes, work.merged_documents].map(|count| count.to_string())
}

fn ratio(seconds: f64, loader: Option<f64>) -> String {
    loader.map_or_else(String::new, |loader| format!("{:.2}", seconds / loader))
}

fn note(disturbed: bool) -> String {
    if disturbed { "disturbed" } else { "" }.to_owned()
}

/// The first column to the left, the others to the right.
fn aligned(rows: &[Row]) -> Vec<String> {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
    let line = |row: &Row| {
        let mut line = format!("{:<1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            line += &format!("  {cell:>width$}");
        }
        line.trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

fn target_line(target: &Target) -> String {
    let Target {
        case,
        what,
        measured,
        allowed,
        because,
        ..
    } = target;
    let verdict = if target.met { "met   " } else { "MISSED" };
    let because = if because.is_empty() {
        String::new()
    } else {
        format!(" = {because}")
    };
    let disturbed = if target.disturbed && !target.met {
        "; others used the machine meanwhile"
    } else {
        ""
    };
    format!("  {verdict}  {case:<15} {what}: {measured:.2} of {allowed:.2}{because}{disturbed}")
}

fn correctness_line(one: &Measurement) -> String {
    match &one.complaints[..] {
        [] => format!("  right   {}", one.case),
        complaints => format!("  WRONG   {:<15} {}", one.case.to_string(), complaints.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut row = HEADS.map(str::to_owned);
        row[0] = "incremental@100".to_owned();
        let lines = aligned(&[HEADS.map(str::to_owned), row]);
        assert_eq!(lines[0].find("job s"), lines[1].find("job s"));
        assert!(lines[1].starts_with("incremental@100  job s"));
    }
}
