//! Processes that are measured: started, looked at through /proc, stopped. What they do is left to their own modules.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

/// Linux counts process times in hundredths of a second in /proc, whatever the kernel's own clock.
const TICK: Duration = Duration::from_millis(10);
/// A process has to end within this time after SIGTERM.
const LONGEST_END: Duration = Duration::from_secs(15);

/// A process in the background, killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    pid: u32,
    log: PathBuf,
}

/// Memory of a process in KiB.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident_kib: u64,
    /// Resident at most, since the start.
    pub(crate) peak_kib: u64,
}

impl Process {
    /// Starts a program. Everything it writes goes to a log in `folder`.
    pub(crate) fn start(program: &Path, arguments: &[&str], folder: &Path, log: &str) -> anyhow::Result<Self> {
        let log = folder.join(log);
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = Command::new(program)
            .args(arguments)
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let pid = child.id().context("the process ended at once")?;
        Ok(Self { child, pid, log })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Everything written so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Fails, with the end of the log, when the process is gone.
    pub(crate) fn must_run(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = self.log();
            let last: Vec<&str> = log.lines().rev().take(5).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            bail!(
                "a process ended with {status}, log {}: {}",
                self.log.display(),
                last.join("\n")
            );
        }
        Ok(())
    }

    pub(crate) fn memory(&self) -> anyhow::Result<Memory> {
        let path = format!("/proc/{}/status", self.pid);
        let status = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number
                .and_then(|number| number.parse().ok())
                .with_context(|| format!("no {name} in {path}"))
        };
        Ok(Memory {
            resident_kib: kib("VmRSS:")?,
            peak_kib: kib("VmHWM:")?,
        })
    }

    /// Ends it at once, as a crash would.
    pub(crate) async fn kill(mut self) -> anyhow::Result<()> {
        self.child.kill().await.map_err(Into::into)
    }

    /// Asks it to end and waits for that; how it ended.
    pub(crate) async fn stop(mut self) -> anyhow::Result<ExitStatus> {
        let pid = self.pid.to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().await?;
        if !sent.success() {
            bail!("could not send SIGTERM to process {pid}");
        }
        let ended = tokio::time::timeout(LONGEST_END, self.child.wait()).await;
        ended
            .with_context(|| format!("process {pid} still runs {LONGEST_END:?} after SIGTERM"))?
            .map_err(Into::into)
    }
}

/// CPU time that a process used so far, all its threads and the children that it waited for, in user mode and in the
/// kernel.
pub(crate) fn cpu_time(pid: &str) -> anyhow::Result<Duration> {
    let path = format!("/proc/{pid}/stat");
    let stat = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
    ticks(&stat)
        .map(|ticks| TICK * ticks)
        .with_context(|| format!("{path} is not as expected"))
}

/// The name in brackets may hold anything, so fields are counted from its end: user and system time are 12th and 13th,
/// those of children follow.
fn ticks(stat: &str) -> Option<u32> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut times = fields.split_whitespace().skip(11);
    let mut next = || times.next()?.parse::<u32>().ok();
    Some(next()? + next()? + next()? + next()?)
}

/// CPU time that the whole machine used so far; time taken by other guests of the host counts, idle time does not.
pub(crate) fn machine_cpu_time() -> anyhow::Result<Duration> {
    let stat = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let ticks: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
    // user nice system idle iowait irq softirq steal; what guests of our own use is in user already.
    let [user, nice, system, _, _, irq, softirq, steal, ..] = ticks[..] else {
        bail!("/proc/stat is not as expected");
    };
    Ok(Duration::from_millis(
        (user + nice + system + irq + softirq + steal) * 10,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_blanks_and_brackets_does_not_shift_the_fields() {
        let stat = "7 (a) b (c)) S 1 7 7 0 -1 4194560 900 0 0 0 100 20 25 5 20 0 9 0 100 5 5";
        assert_eq!(ticks(stat), Some(150));
    }

    #[test]
    fn this_process_uses_memory_and_time() {
        assert!(cpu_time("self").is_ok());
        assert!(machine_cpu_time().unwrap() > Duration::ZERO);
    }
}
