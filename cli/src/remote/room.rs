//! The private folder of a clone, which goes however the process ends.

use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fs, io, thread};

use tempfile::TempDir;

/// What has to be cleared away if the process ends at once. Targets are cloned one after the other.
static OPEN: Mutex<Open> = Mutex::new(Open { rooms: Vec::new(), git: None });

struct Open {
    rooms: Vec<PathBuf>,
    git: Option<Arc<Mutex<Child>>>,
}

fn open<T>(with: impl FnOnce(&mut Open) -> T) -> T {
    with(&mut locked(&OPEN))
}

/// Ends git and removes all rooms. Called by the second Ctrl-C, right before the process ends.
pub(crate) fn abandon() {
    open(|open| {
        if let Some(git) = &open.git {
            end(git);
        }
        for room in &open.rooms {
            remove(room);
        }
    });
}

/// A folder that its owner alone can look into, below the system's folder of temporary files.
#[derive(Debug)]
pub(super) struct Room(TempDir);

impl Room {
    pub(super) fn new() -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("stanch-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o700));
        }
        // Made and noted under one lock, so that no interrupt comes between.
        open(|open| {
            let room = builder.tempdir()?;
            open.rooms.push(room.path().to_owned());
            Ok(Self(room))
        })
    }

    pub(super) fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        open(|open| {
            if !remove(self.0.path()) {
                tracing::warn!("the folder of a clone could not be removed");
            }
            open.rooms.retain(|room| room != self.0.path());
        });
    }
}

/// Removes a folder. What git has started may still write for a moment after git's end.
fn remove(folder: &Path) -> bool {
    const TRIES: u32 = 20;
    const PAUSE: Duration = Duration::from_millis(50);
    for _ in 0..TRIES {
        match fs::remove_dir_all(folder) {
            Ok(()) => return true,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !folder.exists() => return true,
            Err(_) => thread::sleep(PAUSE),
        }
    }
    false
}

/// A git that runs, known to [`abandon`].
pub(super) struct Running(Arc<Mutex<Child>>);

impl Running {
    pub(super) fn new(git: Child) -> Self {
        let git = Arc::new(Mutex::new(git));
        open(|open| open.git = Some(Arc::clone(&git)));
        Self(git)
    }

    /// How it ended, if it has.
    pub(super) fn ended(&self) -> io::Result<Option<ExitStatus>> {
        locked(&self.0).try_wait()
    }

    /// Asks it to end, which it hands on to what it has started.
    pub(super) fn interrupt(&self) {
        let mut git = locked(&self.0);
        // What has ended has no id any more: it may be another's by now.
        if !matches!(git.try_wait(), Ok(Some(_))) && !terminate(&git) {
            let _ = git.kill();
        }
    }

    /// Ends it at once.
    pub(super) fn kill(&self) {
        let _ = locked(&self.0).kill();
    }
}

/// Asks a process to end; whether it could be asked.
#[cfg(unix)]
fn terminate(process: &Child) -> bool {
    let id = i32::try_from(process.id()).ok().and_then(rustix::process::Pid::from_raw);
    id.is_some_and(|id| rustix::process::kill_process(id, rustix::process::Signal::TERM).is_ok())
}

#[cfg(not(unix))]
fn terminate(_process: &Child) -> bool {
    false
}

impl Drop for Running {
    fn drop(&mut self) {
        open(|open| open.git = None);
        end(&self.0);
    }
}

/// Ends a process, if it has not ended, and forgets it.
fn end(process: &Mutex<Child>) {
    let mut process = locked(process);
    if !matches!(process.try_wait(), Ok(Some(_))) {
        let _ = process.kill();
        let _ = process.wait();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_goes_with_all_that_is_in_it() {
        let room = Room::new().unwrap_or_else(|error| panic!("{error}"));
        let path = room.path().to_owned();
        assert!(fs::create_dir(path.join("a")).and_then(|()| fs::write(path.join("a/b"), "c")).is_ok());
        assert!(open(|open| open.rooms.contains(&path)));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).map(|meta| meta.permissions().mode() & 0o777).ok(), Some(0o700));
        }
        drop(room);
        assert!(!path.exists());
        assert!(!open(|open| open.rooms.contains(&path)));
    }
}
