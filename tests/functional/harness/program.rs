//! Runs the built program: commands to their end, the service in the background.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::process::{Child, Command};

/// No command of a test may take longer.
const LONGEST: Duration = Duration::from_secs(200);

/// What a command that ended left behind.
#[derive(Debug)]
pub(crate) struct Output {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Output {
    /// Fails, with everything the command said, unless it ended with this exit code.
    #[track_caller]
    pub(crate) fn exits_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "wrong exit code; {self}");
        self
    }

    /// Fails unless the error output holds every fragment.
    #[track_caller]
    pub(crate) fn complains_of(&self, fragments: &[&str]) {
        for fragment in fragments {
            assert!(
                self.stderr.contains(fragment),
                "the message lacks \"{fragment}\"; {self}"
            );
        }
        assert!(!self.stderr.contains("panicked"), "{self}");
    }

    /// The result of a command that ran with `--output json`.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not one JSON value ({error}); {self}"))
    }

    /// Both streams.
    pub(crate) fn text(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

impl std::fmt::Display for Output {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { code, stdout, stderr } = self;
        write!(f, "exit code {code}\n--- stdout\n{stdout}\n--- stderr\n{stderr}")
    }
}

fn program(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jira-connector"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env_remove("RUST_LOG").env("NO_COLOR", "1").kill_on_drop(true);
    command
}

/// Runs a command in a folder until it ends.
pub(crate) async fn run_program(folder: &Path, arguments: &[&str]) -> Output {
    let running = program(folder, arguments).output();
    let output = tokio::time::timeout(LONGEST, running)
        .await
        .unwrap_or_else(|_| panic!("jira-connector {arguments:?} did not end within {LONGEST:?}"))
        .unwrap();
    Output {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// `jira-connector run` in the background; killed when dropped.
#[derive(Debug)]
pub(crate) struct Service {
    child: Child,
    log: PathBuf,
}

impl Service {
    /// Starts it with a configuration file; its log goes to `log`.
    pub(crate) fn start(folder: &Path, config: &Path, log: PathBuf) -> Self {
        let file = File::create(&log).unwrap();
        let mut command = program(folder, &["run", "-c", config.to_str().unwrap()]);
        command.stdout(file.try_clone().unwrap()).stderr(file);
        let child = command.spawn().unwrap();
        Self { child, log }
    }

    /// Everything logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Sends a signal, `STOP` for SIGSTOP.
    pub(crate) async fn signal(&self, name: &str) {
        let pid = self.child.id().expect("the service still runs").to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -\"$1\" \"$0\"", &pid, name])
            .status()
            .await;
        assert!(sent.unwrap().success(), "SIG{name} was not sent");
    }

    /// Ids of the jobs that the log names in lines with this message.
    pub(crate) fn jobs_logged(&self, message: &str) -> Vec<String> {
        let log = self.log();
        let lines = log.lines().filter(|line| line.contains(message));
        lines
            .filter_map(|line| {
                let rest = line.split_once("sync_job.id=")?.1;
                Some(rest.split_whitespace().next()?.trim_matches('"').to_owned())
            })
            .collect()
    }

    /// How it ended, if it did.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Sends SIGTERM and waits for the end; how long that took.
    pub(crate) async fn terminate(&mut self) -> (ExitStatus, Duration) {
        let began = Instant::now();
        self.signal("TERM").await;
        let status = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await;
        let status = status.unwrap_or_else(|_| panic!("still running 30 s after SIGTERM; its log:\n{}", self.log()));
        (status.unwrap(), began.elapsed())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of the service\n{}", self.log());
        }
    }
}
