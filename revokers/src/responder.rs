//! Credentials of ours: read when first needed, from where the configuration says, never from what is scanned.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use tokio::sync::Mutex;
use zeroize::Zeroizing;

use crate::Why;
use crate::config::{Config, ResponderConfig, Source};

/// The parts of one responder, by name; `secret` is the main one.
pub type Parts = HashMap<String, Zeroizing<String>>;

/// Looks up an environment variable. The program hands it in, since its environment is read in one place.
pub type Environment = fn(&str) -> Option<String>;

/// A token and the end of its time.
struct Session {
    token: Zeroizing<String>,
    until: Instant,
}

/// A responder's id and account.
type Key = (String, Option<String>);

/// The configured responders, read once each.
pub struct Responders {
    environment: Environment,
    read: Mutex<HashMap<Key, Arc<Parts>>>,
    /// Short-lived tokens that were exchanged for credentials, by a digest of these.
    sessions: Mutex<HashMap<String, Session>>,
}

impl fmt::Debug for Responders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responders").finish_non_exhaustive()
    }
}

/// One responder that was read.
#[derive(Clone)]
pub struct Responder {
    /// The account it acts for, where the configuration says so.
    pub account: Option<String>,
    /// Its parts.
    pub parts: Arc<Parts>,
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder").field("account", &self.account).finish_non_exhaustive()
    }
}

impl Responders {
    /// Responders that read variables of the environment this way.
    pub fn new(environment: Environment) -> Self {
        Self { environment, read: Mutex::new(HashMap::new()), sessions: Mutex::new(HashMap::new()) }
    }

    /// The responder of an id. Of several, the one whose account is among `accounts` (what the probe told); else the only one.
    ///
    /// # Errors
    /// If none is configured, several are and none is named by `accounts`, or one cannot be read.
    pub async fn get(&self, config: &Config, id: &str, accounts: &[String]) -> Result<Responder, Why> {
        let fail = |detail: &str| Why::NoResponder { id: id.to_owned(), detail: detail.to_owned() };
        let all = config.responders.get(id).ok_or_else(|| fail("none is configured"))?.as_slice();
        let names = |one: &&ResponderConfig| one.account.as_ref().is_some_and(|account| accounts.contains(account));
        let ((_, Some(one)) | ([one], None)) = (all, all.iter().find(names)) else {
            return Err(fail("several are configured, and none is for the credential's account"));
        };
        let parts = self.parts(id, one).await?;
        Ok(Responder { account: one.account.clone(), parts })
    }

    /// The token that was kept under a name, while it is good.
    pub(crate) async fn session(&self, name: &str) -> Option<Zeroizing<String>> {
        let sessions = self.sessions.lock().await;
        sessions.get(name).filter(|session| Instant::now() < session.until).map(|session| session.token.clone())
    }

    /// Keeps a token in memory for a while. The name tells nothing of what it was got for.
    pub(crate) async fn keep(&self, name: String, token: Zeroizing<String>, good: Duration) {
        self.sessions.lock().await.insert(name, Session { token, until: Instant::now() + good });
    }

    /// Every configured responder of an id, in order.
    pub async fn all(&self, config: &Config, id: &str) -> Vec<Result<Responder, Why>> {
        let mut all = Vec::new();
        for one in config.responders.get(id).map_or(&[][..], |list| list.as_slice()) {
            let parts = self.parts(id, one).await;
            all.push(parts.map(|parts| Responder { account: one.account.clone(), parts }));
        }
        all
    }

    async fn parts(&self, id: &str, one: &ResponderConfig) -> Result<Arc<Parts>, Why> {
        let key = (id.to_owned(), one.account.clone());
        let mut read = self.read.lock().await;
        if let Some(parts) = read.get(&key) {
            return Ok(Arc::clone(parts));
        }
        let mut parts = Parts::new();
        for (name, source) in &one.parts {
            let value = self.read_source(source).await.map_err(|detail| Why::NoResponder {
                id: id.to_owned(),
                detail: format!("`{name}` from the {source:?}: {detail}"),
            })?;
            parts.insert(name.clone(), value);
        }
        let parts = Arc::new(parts);
        read.insert(key, Arc::clone(&parts));
        Ok(parts)
    }

    /// Reads one source now. Nothing is kept.
    ///
    /// # Errors
    /// What is wrong with the source, without its value.
    pub async fn read_source(&self, source: &Source) -> Result<Zeroizing<String>, String> {
        let text = match source {
            Source::Value(value) => Zeroizing::new(value.clone()),
            Source::Env(name) => Zeroizing::new((self.environment)(name).ok_or("it is not set")?),
            Source::File(path) => private(path)?,
            Source::Command(words) => command(words).await?,
            Source::Keyring { service, account } => command(&keyring(service, account)?).await?,
        };
        // A PEM key and a JSON document have many lines; anything else is one.
        let whole = text.trim();
        let value = if whole.starts_with(['{', '-']) { whole } else { whole.lines().next().unwrap_or_default() };
        if value.is_empty() { Err("it is empty".to_owned()) } else { Ok(Zeroizing::new(value.to_owned())) }
    }
}

/// Reads a file that nobody else can read.
fn private(path: &Path) -> Result<Zeroizing<String>, String> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(path).map_err(|error| error.to_string())?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err("others can read it; `chmod 600` it".to_owned());
        }
    }
    std::fs::read_to_string(path).map(Zeroizing::new).map_err(|error| error.to_string())
}

/// The command of the operating system that reads its keyring.
fn keyring(service: &str, account: &str) -> Result<Vec<String>, String> {
    let words: &[&str] = if cfg!(target_os = "macos") {
        &["security", "find-generic-password", "-s", service, "-a", account, "-w"]
    } else if cfg!(unix) {
        &["secret-tool", "lookup", "service", service, "account", account]
    } else {
        return Err("no keyring is read on this system; use a command".to_owned());
    };
    Ok(words.iter().map(|&word| word.to_owned()).collect())
}

/// What a command prints. What it says on stderr goes to the user's terminal.
async fn command(words: &[String]) -> Result<Zeroizing<String>, String> {
    const PATIENCE: Duration = Duration::from_mins(1);
    const MOST: u64 = 64 << 10;
    let (program, arguments) = words.split_first().ok_or("it is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::inherit())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| error.to_string())?;
    let output = child.stdout.take().ok_or("it has no output")?;
    let read = async {
        let mut text = Zeroizing::new(String::new());
        output.take(MOST).read_to_string(&mut text).await.map_err(|error| error.to_string())?;
        let status = child.wait().await.map_err(|error| error.to_string())?;
        if status.success() { Ok(text) } else { Err(format!("it failed ({status})")) }
    };
    tokio::time::timeout(PATIENCE, read).await.map_err(|_| "it took too long".to_owned())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run<T>(future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_or_else(|error| panic!("{error}"), |runtime| runtime.block_on(future))
    }

    fn get(config: &str, accounts: &[&str]) -> Result<(Option<String>, String), String> {
        let config = Config::parse(config).map_err(|e| e.to_string())?;
        let responders = Responders::new(|name| (name == "ACME").then(|| "from-env".to_owned()));
        let accounts: Vec<String> = accounts.iter().map(|&a| a.to_owned()).collect();
        let one = run(responders.get(&config, "acme", &accounts)).map_err(|why| why.to_string())?;
        Ok((one.account.clone(), one.parts.get("secret").map(|s| s.to_string()).unwrap_or_default()))
    }

    #[test]
    fn a_responder_is_read_from_where_it_is_configured() {
        assert_eq!(get("[responders.acme]\nsecret = { env = 'ACME' }", &[]), Ok((None, "from-env".to_owned())));
        assert_eq!(
            get("[responders.acme]\nsecret = { command = ['printf', 'a\\nb'] }", &[]),
            Ok((None, "a".to_owned()))
        );
        let failed = get("[responders.acme]\nsecret = { command = ['false'] }", &[]);
        assert!(failed.is_err_and(|why| why.contains("it failed")));
        assert!(get("", &[]).is_err_and(|why| why.contains("none is configured")));
    }

    #[test]
    fn of_several_the_one_for_the_account_is_taken_and_never_a_guess() {
        let two = "[[responders.acme]]\naccount = 'a'\nsecret = { value = '1' }\n[[responders.acme]]\naccount = 'b'\nsecret = { value = '2' }";
        assert_eq!(get(two, &["x", "b"]), Ok((Some("b".to_owned()), "2".to_owned())));
        assert!(get(two, &["x"]).is_err_and(|why| why.contains("several")));
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = std::env::temp_dir().join(format!("stanch-responder-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap_or_default();
        let path = dir.join("key");
        std::fs::write(&path, "value\n").unwrap_or_default();
        let config = format!("[responders.acme]\nsecret = {{ file = '{}' }}", path.display());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap_or_default();
        assert!(get(&config, &[]).is_err_and(|why| why.contains("chmod 600")));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap_or_default();
        assert_eq!(get(&config, &[]), Ok((None, "value".to_owned())));
        std::fs::remove_dir_all(&dir).unwrap_or_default();
    }
}
