//! The process that extracts the text of one file: limits itself, reads the file from standard input, writes the text to
//! standard output, ends.
//!
//! It is this same program with a hidden command. Starting, timing and killing it is left to `local`.

use std::io::{Read, Write};
use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};

use super::capped::CappedText;
use super::extract::extract;

/// The first line of standard input; the file follows it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Task {
    pub(super) filename: String,
    pub(super) max_chars: usize,
    /// Bytes of address space.
    pub(super) max_memory: u64,
    /// Seconds of processor time.
    pub(super) max_cpu_seconds: u64,
}

/// The first line of standard output; the text follows it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Outcome {
    pub(super) truncated: bool,
    /// The reason why there is no text.
    pub(super) failure: Option<String>,
}

/// Serves one task. Never returns an error: what went wrong is in the outcome, or in how the process ended.
pub fn run(input: impl Read, output: impl Write) -> ExitCode {
    match serve(input, output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn serve(mut input: impl Read, mut output: impl Write) -> std::io::Result<()> {
    let mut line = Vec::new();
    let mut byte = [0];
    while input.read(&mut byte)? == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    let task: Task = serde_json::from_slice(&line)?;
    limit(&task);
    let mut content = Vec::new();
    input.read_to_end(&mut content)?;

    let mut text = CappedText::new(task.max_chars);
    let failure = extract(&task.filename, &content, &mut text).err();
    let outcome = Outcome {
        truncated: text.is_truncated(),
        failure: failure.map(|error| error.to_string()),
    };
    serde_json::to_writer(&mut output, &outcome)?;
    output.write_all(b"\n")?;
    output.write_all(text.as_str().as_bytes())?;
    output.flush()
}

/// Limits that the system does not know, such as memory on some, are left to the clock of the parent.
fn limit(task: &Task) {
    let limits = [
        (Resource::As, task.max_memory),
        (Resource::Cpu, task.max_cpu_seconds),
        // It writes to its output only, and leaves no core dump with the file in it.
        (Resource::Fsize, 0),
        (Resource::Core, 0),
    ];
    for (resource, limit) in limits {
        let limit = Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        setrlimit(resource, limit).unwrap_or_default();
    }
}
