//! Who holds a lease.

use std::fmt;
use std::str::FromStr;

/// A process: its host, its number there, and when it started, as numbers come again.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Actor {
    /// A name of the host that stays the same, such as its machine id.
    pub host: String,
    /// The number of the process.
    pub pid: u32,
    /// When it started, in whatever unit the host tells it, or a number of chance.
    pub started: u64,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.host, self.pid, self.started)
    }
}

impl FromStr for Actor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut parts = text.rsplitn(3, '/');
        let started = parts.next().and_then(|part| part.parse().ok()).ok_or(())?;
        let pid = parts.next().and_then(|part| part.parse().ok()).ok_or(())?;
        let host = parts.next().ok_or(())?.to_owned();
        Ok(Self { host, pid, started })
    }
}
