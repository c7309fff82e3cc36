//! Shows a running sync: a bar on a terminal, a plain line now and then elsewhere.

use std::time::{Duration, Instant};

use indicatif::{HumanCount, HumanDuration, ProgressBar, ProgressStyle};

use super::output::Output;

/// The interval of plain lines while something changes.
const LINE_INTERVAL: Duration = Duration::from_secs(2);

/// The progress of a sync, wherever it was learned from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct View {
    pub(super) phase: String,
    pub(super) indexed: u64,
    pub(super) deleted: u64,
    pub(super) issues_processed: u64,
    /// Issues listed so far, and whether that is all of them.
    pub(super) issues_listed: u64,
    pub(super) listing_ended: bool,
}

/// The display of one sync.
pub(super) struct ProgressDisplay {
    output: Output,
    bar: Option<ProgressBar>,
    started: Option<Instant>,
    last_line: Option<(Instant, String)>,
}

impl ProgressDisplay {
    pub(super) fn new(output: Output) -> Self {
        let bar = output.stderr_is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {percent:>3}%  {wide_msg}");
            let bar = ProgressBar::new(1000);
            bar.set_style(style.expect("the template is a constant that parses"));
            bar
        });
        Self {
            output,
            bar,
            started: None,
            last_line: None,
        }
    }

    /// Shows where the sync stands.
    pub(super) fn update(&mut self, view: &View) {
        if view.issues_listed > 0 {
            self.started.get_or_insert_with(Instant::now);
        }
        let text = describe(view, self.started.map(|started| started.elapsed()));
        if let Some(bar) = &self.bar {
            let share = fraction(view).unwrap_or(0.0);
            bar.set_position((share * 1000.0) as u64);
            bar.set_message(text);
            return;
        }
        let due = self
            .last_line
            .as_ref()
            .is_none_or(|(at, last)| at.elapsed() >= LINE_INTERVAL && *last != text);
        if due {
            self.output.note(&text);
            self.last_line = Some((Instant::now(), text));
        }
    }

    /// A line that stays.
    pub(super) fn note(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| self.output.note(text)),
            None => self.output.note(text),
        }
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn fraction(view: &View) -> Option<f64> {
    (view.listing_ended && view.issues_listed > 0).then(|| view.issues_processed as f64 / view.issues_listed as f64)
}

fn describe(view: &View, elapsed: Option<Duration>) -> String {
    let mut parts = vec![view.phase.clone(), format!("{} documents", HumanCount(view.indexed))];
    if view.deleted > 0 {
        parts.push(format!("{} deleted", HumanCount(view.deleted)));
    }
    if let Some(seconds) = elapsed
        .map(|elapsed| elapsed.as_secs_f64())
        .filter(|seconds| *seconds >= 0.5)
    {
        parts.push(format!("{:.0}/s", view.indexed as f64 / seconds));
        if let Some(share) = fraction(view).filter(|share| *share > 0.0 && *share < 1.0) {
            let left = Duration::from_secs_f64((seconds / share - seconds).max(0.0));
            parts.push(format!("ETA {}", HumanDuration(left)));
        }
    }
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rate_and_eta_follow_from_what_is_done() {
        let view = View {
            phase: "syncing".into(),
            indexed: 1_500,
            issues_processed: 1_000,
            issues_listed: 4_000,
            listing_ended: true,
            ..View::default()
        };
        let text = describe(&view, Some(Duration::from_secs(10)));
        assert_eq!(text, "syncing, 1,500 documents, 150/s, ETA 30 seconds");
    }

    #[test]
    fn there_is_no_eta_before_the_listing_ended() {
        let view = View {
            phase: "syncing".into(),
            issues_listed: 10,
            issues_processed: 5,
            ..View::default()
        };
        assert_eq!(
            describe(&view, Some(Duration::from_secs(10))),
            "syncing, 0 documents, 0/s"
        );
    }
}
