//! What the figures were taken on: processor, memory, kernel, commit. Figures of different machines do not compare.

use std::fs;
use std::process::Command;

use serde::Serialize;

use crate::meter::cores;

/// The machine and the state of the repository.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: u64,
    pub(crate) memory_gib: u64,
    pub(crate) kernel: String,
    /// Short hash; `+` when files that git knows differ from it.
    pub(crate) commit: String,
}

impl Machine {
    /// Looks. What cannot be found out is empty: it is only shown.
    pub(crate) fn describe() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            let value = line
                .and_then(|line| line.split_once(':'))
                .map(|(_, value)| value.trim());
            value.unwrap_or_default().to_owned()
        };
        let memory = field(&read("/proc/meminfo"), "MemTotal");
        let kib: u64 = memory.trim_end_matches(" kB").parse().unwrap_or_default();
        Self {
            cpu: field(&read("/proc/cpuinfo"), "model name"),
            cores: cores() as u64,
            // Somewhat less than built in is free to use, so this rounds up.
            memory_gib: kib.div_ceil(1024 * 1024),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            commit: commit(),
        }
    }
}

fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let hash = git(&["rev-parse", "--short", "HEAD"]).unwrap_or_default();
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]).is_some_and(|list| !list.is_empty());
    if changed { hash + "+" } else { hash }
}
