//! Printing: results on stdout, everything else on stderr; text for people or one JSON value for programs.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;

use super::arguments::OutputFormat;

/// Where results go.
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

    /// A result: the JSON value, or the text.
    pub(super) fn result(&self, json: &Value, text: &str) {
        match self.format {
            OutputFormat::Json => write_line(io::stdout(), &json.to_string()),
            OutputFormat::Text => write_line(io::stdout(), text),
        }
    }

    /// A line about what is happening; not part of the result.
    pub(super) fn note(&self, text: &str) {
        write_line(io::stderr(), text);
    }

    /// Why the command failed.
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

/// Columns as wide as their widest cell, two blanks between them.
pub(super) fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        padded.join("  ").trim_end().to_owned()
    };
    let body = rows.iter().map(|row| line(row.iter().map(String::as_str).collect()));
    std::iter::once(line(header.to_vec()))
        .chain(body)
        .collect::<Vec<_>>()
        .join("\n")
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
}
