//! Printing: results on stdout, everything else on stderr; text for people or one JSON value for programs.

use std::io::{self, IsTerminal, Write};

use clap::CommandFactory as _;
use serde::Serialize;
use serde_json::Value;

use super::arguments::{Arguments, OutputFormat};

/// The destination of results.
#[derive(Debug, Clone, Copy)]
pub(super) struct Output {
    format: OutputFormat,
}

impl Output {
    pub(super) fn new(format: OutputFormat) -> Self {
        Self { format }
    }

    /// Whether progress may be drawn rather than written line by line.
    pub(super) fn stderr_is_terminal(&self) -> bool {
        io::stderr().is_terminal()
    }

    /// A result: as one JSON value with its keys in order, or the text.
    pub(super) fn result(&self, view: &impl Serialize, text: &str) {
        match self.format {
            OutputFormat::Json => {
                let json: Value = serde_json::to_value(view).expect("views have text keys and no failing parts");
                write_line(io::stdout(), &json.to_string());
            }
            OutputFormat::Text => write_line(io::stdout(), text),
        }
    }

    /// A script for a shell, whatever the format of results.
    pub(super) fn completions(&self, shell: clap_complete::Shell) {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut Arguments::command(), "jira-connector", &mut script);
        io::stdout().write_all(&script).unwrap_or_default();
    }

    /// A document that is JSON whatever the format of results.
    pub(super) fn document(&self, document: &Value) {
        write_line(io::stdout(), &format!("{document:#}"));
    }

    /// A line about what is happening; not part of the result.
    pub(super) fn note(&self, text: &str) {
        write_line(io::stderr(), text);
    }

    /// The reason why the command failed.
    pub(super) fn error(&self, text: &str) {
        write_line(io::stderr(), &format!("error: {text}"));
    }
}

/// A closed pipe (`| head`) is no reason to panic, and there is nobody left to tell.
fn write_line(mut stream: impl Write, text: &str) {
    writeln!(stream, "{text}")
        .and_then(|()| stream.flush())
        .unwrap_or_default();
}

/// The width that a table has to fit.
const WIDEST: usize = 100;
/// Columns are not cut to less than this.
const NARROWEST: usize = 10;

/// Columns as wide as their widest cell, two blanks between them. A table that would be too wide has its widest columns
/// cut, never the first, which holds the ids that people copy.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or(0)
    };
    let mut widths: Vec<usize> = (0..header.len()).map(width).collect();
    while widths.iter().sum::<usize>() + 2 * (widths.len() - 1) > WIDEST {
        let widest = widths.iter_mut().skip(1).max().filter(|widest| **widest > NARROWEST);
        let Some(widest) = widest else { break };
        *widest -= 1;
    }
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{:<width$}", cut(cell, *width)))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let body = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(line(header.to_vec()))
        .chain(body)
        .collect::<Vec<_>>()
        .join("\n")
}

fn cut(cell: &str, width: usize) -> String {
    if cell.chars().count() <= width {
        return cell.to_owned();
    }
    let kept: String = cell.chars().take(width - 1).collect();
    kept + "…"
}

/// The text, or a dash where there is none.
pub(super) fn or_dash(text: Option<&str>) -> String {
    text.unwrap_or("-").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = vec![vec!["a".into(), "completed".into()], vec!["long id".into(), "é".into()]];
        assert_eq!(
            table(&["ID", "STATUS"], &rows),
            "ID       STATUS\na        completed\nlong id  é"
        );
    }

    #[test]
    fn a_table_fits_the_width_and_ids_stay_whole() {
        let id = "i".repeat(40);
        let rows = vec![vec![id.clone(), "x".repeat(70), "short".into()]];
        let text = table(&["ID", "INDEX", "STATUS"], &rows);
        let last = text.lines().last().unwrap();
        assert_eq!(last.chars().count(), 100 - 1, "{last}");
        assert!(last.starts_with(&id) && last.contains("x…  short"), "{last}");
    }
}
