//! Whether a process that marked a record still lives, as far as its machine can tell: each process holds the lock of a
//! file, which the kernel lets go when the process dies in whatever way.
//!
//! What cannot be told this way, of other machines above all, is left to `idle_jobs`. No clock is asked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use uuid::Uuid;

use crate::config::environment::lock_folder;

/// Processes of one user that can be told apart at a time; further ones leave marks that tell nothing.
const SLOTS: usize = 16;

/// One process, as its marks show it.
#[derive(Debug)]
pub(crate) struct Presence {
    folder: PathBuf,
    session: String,
    slot: Option<Slot>,
}

/// A file whose lock is held for as long as the process lives.
#[derive(Debug)]
struct Slot {
    name: String,
    _held: File,
}

impl Presence {
    /// That of this process.
    pub(crate) fn of_this_process() -> &'static Self {
        static THIS: LazyLock<Presence> = LazyLock::new(|| Presence::in_folder(lock_folder()));
        &THIS
    }

    pub(crate) fn in_folder(folder: PathBuf) -> Self {
        let session = Uuid::new_v4().to_string();
        let slot = (0..SLOTS).find_map(|number| {
            let mut file = open(&folder, number, true)?;
            file.try_lock().ok()?;
            let name = name_of(number, &file)?;
            // Before the first mark. All sessions are of one length.
            file.write_all(session.as_bytes()).ok()?;
            Some(Slot { name, _held: file })
        });
        Self { folder, session, slot }
    }

    /// A mark that no other claim has: `worker/slot/session/claim`.
    pub(crate) fn mark(&self, worker: &str) -> String {
        let slot = self.slot.as_ref().map_or("-", |slot| slot.name.as_str());
        format!("{worker}/{slot}/{}/{}", self.session, Uuid::new_v4())
    }

    /// Whether the process that left this mark is surely dead.
    pub(crate) fn is_gone(&self, mark: &str) -> bool {
        let mut parts = mark.rsplit('/').skip(1);
        let (Some(session), Some(slot)) = (parts.next(), parts.next()) else {
            return false;
        };
        if session == self.session {
            return false;
        }
        // Whoever held our slot before us is dead.
        let is_ours = self.slot.as_ref().is_some_and(|own| own.name == slot);
        is_ours || is_left(&self.folder, slot, session).unwrap_or(false)
    }
}

/// Whether this session does not hold the slot any more; none when that cannot be told.
fn is_left(folder: &Path, slot: &str, session: &str) -> Option<bool> {
    let number = slot.split('.').next()?.parse().ok()?;
    let mut file = open(folder, number, false)?;
    // A file of another boot, machine or container has another name, whatever its path.
    if name_of(number, &file)? != slot {
        return None;
    }
    match file.try_lock() {
        Ok(()) => Some(true),
        Err(TryLockError::WouldBlock) => {
            // A process that has taken the slot over and not signed it yet leaves its predecessor's session there.
            let mut holder = String::new();
            file.read_to_string(&mut holder).ok()?;
            Some(holder != session)
        }
        Err(TryLockError::Error(_)) => None,
    }
}

/// What tells the file from all others for as long as the machine runs; none where that cannot be told.
#[cfg(target_os = "linux")]
fn name_of(number: usize, file: &File) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let file = file.metadata().ok()?;
    Some(format!("{number}.{:x}.{:x}.{}", file.dev(), file.ino(), boot.trim()))
}

#[cfg(target_os = "linux")]
fn open(folder: &Path, number: usize, create: bool) -> Option<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let user = rustix::process::getuid().as_raw();
    let path = folder.join(format!("jira-connector-{user}-{number}.lock"));
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(create)
        .mode(0o600)
        .open(path)
        .ok()
}

#[cfg(not(target_os = "linux"))]
fn name_of(_: usize, _: &File) -> Option<String> {
    None
}

#[cfg(not(target_os = "linux"))]
fn open(_: &Path, _: usize, _: bool) -> Option<File> {
    None
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_gone_when_its_lock_is_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let start = || Presence::in_folder(folder.path().to_owned());
        let (first, second) = (start(), start());
        let mark = first.mark("host");
        assert!(!first.is_gone(&mark) && !second.is_gone(&mark), "it lives");
        drop(first);
        assert!(second.is_gone(&mark), "nobody holds its lock");
        let restarted = start();
        assert!(restarted.is_gone(&mark), "its lock is ours now");
        assert!(second.is_gone(&mark), "its lock is another's now");
        assert!(!second.is_gone(&restarted.mark("host")));
    }

    #[test]
    fn of_a_process_elsewhere_nothing_is_known() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mark = Presence::in_folder(there.path().to_owned()).mark("host");
        let presence = Presence::in_folder(here.path().to_owned());
        assert!(!presence.is_gone(&mark), "another container of the same name");
        let earlier_boot = presence.mark("host").replace('-', "0");
        for unknown in ["host/0e8b1c1c", "", "host/-/s/c", "host/99.1.1.x/s/c", &earlier_boot] {
            assert!(!presence.is_gone(unknown), "{unknown}");
        }
    }

    #[test]
    fn more_processes_than_slots_leave_marks_that_tell_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let start = || Presence::in_folder(folder.path().to_owned());
        let all: Vec<Presence> = (0..SLOTS).map(|_| start()).collect();
        let one_more = start();
        let mark = one_more.mark("host");
        drop(one_more);
        assert!(!all[0].is_gone(&mark));
        let nowhere = Presence::in_folder(folder.path().join("missing"));
        assert!(!all[0].is_gone(&nowhere.mark("host")));
    }
}
