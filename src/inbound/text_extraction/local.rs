//! Extracts text in a process of its own for each file, so that a bomb or a crash costs one attachment.
//!
//! `child` is the work of the process. It gets no environment, so no secret, and is killed when it takes too long,
//! writes too much, or nobody waits for it any more.

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::child::{Outcome, Task};
use super::{ExtractionFailure, FileText};

/// The hidden command that runs `child`.
pub const CHILD_COMMAND: &str = "extract-text";

/// A character takes at most four bytes; the first line comes on top.
const BYTES_A_CHARACTER: u64 = 4;
const LONGEST_FIRST_LINE: u64 = 64 * 1024;
/// Bytes that are kept of a dying process's words.
const KEPT_WORDS: u64 = 2_000;

/// Limits for one file.
#[derive(Debug, Clone, Copy)]
pub struct LocalLimits {
    /// Characters of text.
    pub max_chars: usize,
    /// Seconds, by the clock and of the processor.
    pub time: Duration,
    /// Bytes of memory of the process.
    pub memory: u64,
    /// Processes at a time.
    pub concurrency: usize,
}

/// Extracts text in processes of its own.
#[derive(Debug, Clone)]
pub struct LocalExtractor {
    program: PathBuf,
    limits: LocalLimits,
    places: Arc<Semaphore>,
}

impl LocalExtractor {
    /// Uses this very program. An error when the system does not tell where it is.
    pub fn new(limits: LocalLimits) -> std::io::Result<Self> {
        Ok(Self::with_program(std::env::current_exe()?, limits))
    }

    /// Uses another program that has the same hidden command.
    pub fn with_program(program: PathBuf, limits: LocalLimits) -> Self {
        Self {
            program,
            limits,
            places: Arc::new(Semaphore::new(limits.concurrency.max(1))),
        }
    }

    /// The text of one file.
    pub async fn extract(&self, filename: &str, content: Bytes) -> Result<FileText, ExtractionFailure> {
        let closed = |_| ExtractionFailure::Environment("text extraction was closed".into());
        let _place = self.places.acquire().await.map_err(closed)?;
        let task = Task {
            filename: filename.to_owned(),
            max_chars: self.limits.max_chars,
            max_memory: self.limits.memory,
            max_cpu_seconds: self.limits.time.as_secs().max(1),
        };
        let mut command = Command::new(&self.program);
        // The program has other commands under another name, which it may have been started by.
        #[cfg(unix)]
        command.arg0("jira-connector");
        let child = command
            .arg(CHILD_COMMAND)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let child = child.map_err(|error| {
            ExtractionFailure::Environment(format!("the process for text extraction cannot be started: {error}"))
        })?;
        match timeout(self.limits.time, self.talk(child, &task, &content)).await {
            Ok(result) => result,
            Err(_) => Err(ExtractionFailure::File(format!(
                "its text was not there after {} s",
                self.limits.time.as_secs()
            ))),
        }
    }

    async fn talk(&self, mut child: Child, task: &Task, content: &[u8]) -> Result<FileText, ExtractionFailure> {
        let pipe = "the pipes were asked for when the process was started";
        let (mut stdin, stdout, stderr) = (
            child.stdin.take().expect(pipe),
            child.stdout.take().expect(pipe),
            child.stderr.take().expect(pipe),
        );
        let most = self.limits.max_chars as u64 * BYTES_A_CHARACTER + LONGEST_FIRST_LINE;
        let feed = async {
            let mut line = serde_json::to_vec(task).expect("a task always serialises");
            line.push(b'\n');
            // A process that died does not take the rest; how it ended says why.
            if stdin.write_all(&line).await.is_ok() {
                stdin.write_all(content).await.unwrap_or_default();
            }
            stdin.shutdown().await.unwrap_or_default();
            drop(stdin);
            Ok(())
        };
        let environment = |error: std::io::Error| ExtractionFailure::Environment(error.to_string());
        // One byte more than is allowed shows that there is too much. The process would wait for ever to write the rest.
        let answered = async {
            let (mut answer, mut stdout) = (Vec::new(), stdout.take(most + 1));
            stdout.read_to_end(&mut answer).await.map_err(environment)?;
            match answer.len() as u64 > most {
                true => Err(ExtractionFailure::File("its text is longer than can be".into())),
                false => Ok(answer),
            }
        };
        let said = async {
            let (mut words, mut stderr) = (Vec::new(), stderr);
            (&mut stderr)
                .take(KEPT_WORDS)
                .read_to_end(&mut words)
                .await
                .map_err(environment)?;
            // The rest is of no interest, but the process must be able to say it.
            tokio::io::copy(&mut stderr, &mut tokio::io::sink())
                .await
                .map_err(environment)?;
            Ok(words)
        };
        let ((), answer, words) = tokio::try_join!(feed, answered, said)?;
        let status = child.wait().await.map_err(environment)?;
        if !status.success() {
            return Err(ExtractionFailure::File(self.how_it_died(status, &words)));
        }
        self.outcome(&answer)
    }

    fn how_it_died(&self, status: ExitStatus, words: &[u8]) -> String {
        let words = String::from_utf8_lossy(words);
        if words.contains("memory allocation") {
            return self.too_much_memory();
        }
        if words.contains("overflowed its stack") {
            return "its parts are nested too deeply".into();
        }
        let word = if words.contains("panicked") { "crashed" } else { "died" };
        format!("the process that took its text {word} ({status})")
    }

    fn too_much_memory(&self) -> String {
        let mebibytes = self.limits.memory / 1024 / 1024;
        format!("taking its text needs more than {mebibytes} MiB of memory")
    }

    fn outcome(&self, answer: &[u8]) -> Result<FileText, ExtractionFailure> {
        let unclear = || ExtractionFailure::File("the process that took its text gave no clear answer".into());
        let end = answer.iter().position(|byte| *byte == b'\n').ok_or_else(unclear)?;
        let outcome: Outcome = serde_json::from_slice(&answer[..end]).map_err(|_| unclear())?;
        if let Some(failure) = outcome.failure {
            // Some parsers ask for memory so that they survive a refusal, and call that damage.
            let refused = failure.contains("out of memory");
            return Err(ExtractionFailure::File(if refused {
                self.too_much_memory()
            } else {
                failure
            }));
        }
        let text = std::str::from_utf8(&answer[end + 1..]).map_err(|_| unclear())?;
        Ok(FileText {
            text: text.to_owned(),
            truncated: outcome.truncated,
        })
    }
}
