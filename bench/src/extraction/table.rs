//! Both ways for people. docs/performance.md explains every figure.

use super::ways::{Extraction, Way};
use crate::meter::CpuSeconds;

/// Failures that are shown; the JSON file has all.
const SHOWN: usize = 5;

/// The section of the report.
pub(crate) fn lines(found: &Extraction) -> Vec<String> {
    let kinds: Vec<String> = found
        .by_extension
        .iter()
        .map(|(extension, files)| format!("{files} {extension}"))
        .collect();
    let mut lines = vec![
        String::new(),
        format!(
            "Text extraction of {} files, {:.1} MiB: {}",
            found.files,
            mib(found.file_bytes),
            kinds.join(", ")
        ),
        format!(
            "{:<9} {:>7} {:>9} {:>7} {:>7} {:>9} {:>9} {:>9} {:>9}",
            "", "job s", "worker s", "ES s", "jira s", "others s", "peak MiB", "with text", "text MiB"
        ),
    ];
    lines.extend(found.ways.iter().map(row));
    for way in &found.ways {
        let (all, shown) = (way.failures.len(), way.failures.iter().take(SHOWN));
        lines.extend(shown.map(|failure| format!("  {} without text: {failure}", way.way)));
        if all > SHOWN {
            lines.push(format!("  {} without text: and {} more", way.way, all - SHOWN));
        }
    }
    lines
}

fn row(way: &Way) -> String {
    let CpuSeconds {
        worker,
        jira,
        elasticsearch,
        others,
        ..
    } = way.cpu_seconds;
    let row = format!(
        "{:<9} {:>7.2} {worker:>9.2} {elasticsearch:>7.2} {jira:>7.2} {others:>9.2} {:>9.0} {:>9} {:>9.2}",
        way.way,
        way.job_seconds,
        way.peak_rss_mib,
        way.with_text,
        mib(way.text_bytes)
    );
    if way.disturbed { row + "  disturbed" } else { row }
}

fn mib(bytes: usize) -> f64 {
    bytes as f64 / (1024.0 * 1024.0)
}
