//! The journal of one machine: a line before every effect and a line after it, kept before anything goes on.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use stanch_revokers::Doing;
use stanch_revokers::act::{Journal, Line, Moment};

use crate::env;
use crate::exit::CliError;

/// Its name in the folder of stanch's own state.
const NAME: &str = "actions.jsonl";

/// What was done to a credential before, in order, as far as the journal can be read.
pub(crate) fn past_of(fingerprint: &str, kind: &str) -> Vec<Moment> {
    let text = env::state_dir().and_then(|dir| fs::read_to_string(dir.join(NAME)).ok()).unwrap_or_default();
    let lines = text.lines().filter_map(|line| serde_json::from_str::<Line>(line).ok());
    lines.filter(|line| line.fingerprint == fingerprint && line.kind == kind).map(|line| line.moment).collect()
}

/// A file to which lines are appended. It is readable by its owner only.
pub(crate) struct File {
    file: Mutex<fs::File>,
}

impl File {
    /// Opens the journal in the folder of stanch's own state.
    pub(crate) fn open() -> Result<Self, CliError> {
        let fail = |error: &dyn std::fmt::Display| {
            CliError::new(format!("no journal can be kept: {error}"))
                .hint("nothing is revoked without one; STANCH_STATE_DIR names a folder for it")
        };
        let dir: PathBuf = env::state_dir().ok_or_else(|| fail(&"the environment names no home"))?;
        fs::create_dir_all(&dir).map_err(|error| fail(&error))?;
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(dir.join(NAME)).map_err(|error| fail(&error))?;
        Ok(Self { file: Mutex::new(file) })
    }
}

impl Journal for File {
    fn record<'a>(&'a self, line: &'a Line) -> Doing<'a, io::Result<()>> {
        Box::pin(std::future::ready(self.append(line)))
    }
}

impl File {
    fn append(&self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(&text)?;
        file.sync_data()
    }
}
