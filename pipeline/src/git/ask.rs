//! How git asks for a credential: <https://git-scm.com/docs/gitcredentials#_custom_helpers>.
//!
//! git runs a helper and talks with it by lines of `key=value`. Our helper is the binary `stanch` again, in a mode of its own: it hands
//! git's question to the process that holds the credential, over a socket in a private folder, and the answer back. So the credential is in no
//! argument, environment or file.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use stanch_model::Secret;

use super::Login;

/// The verb by which this binary is a helper.
const VERB: &str = "credential-helper";
/// More than any question of git's.
const LONGEST: u64 = 64 * 1024;
/// How long one who has connected may be silent.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs `then` with the helper's command line for git's configuration, while questions are answered. `room` is a folder that nobody else can
/// look into.
///
/// # Errors
/// If no socket can be made there, or its path or that of this program is no UTF-8.
pub fn while_answering<T>(login: &Login, room: &Path, then: impl FnOnce(&str) -> T) -> io::Result<T> {
    let socket = room.join("ask");
    let listener = UnixListener::bind(&socket)?;
    let program = std::env::current_exe()?;
    let command = format!("!{} {VERB} {}", quoted(&program)?, quoted(&socket)?);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| serve(&listener, login, &done));
        let _end = End { done: &done, socket: &socket };
        Ok(then(&command))
    })
}

/// Ends the answering, also while a panic unwinds.
struct End<'a> {
    done: &'a AtomicBool,
    socket: &'a Path,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        self.done.store(true, Ordering::SeqCst);
        // Wakes the one who waits for questions.
        let _ = UnixStream::connect(self.socket);
        // The next one makes its own there.
        let _ = std::fs::remove_file(self.socket);
    }
}

fn serve(listener: &UnixListener, login: &Login, done: &AtomicBool) {
    for asking in listener.incoming() {
        if done.load(Ordering::SeqCst) {
            return;
        }
        // One who is silent or gone gets no answer, and the next is heard.
        let _ = asking.and_then(|stream| hear(stream, login));
    }
}

fn hear(mut stream: UnixStream, login: &Login) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut question = Vec::new();
    Read::by_ref(&mut stream).take(LONGEST).read_to_end(&mut question)?;
    answer(&question, login).map_or(Ok(()), |answer| {
        #[expect(
            clippy::disallowed_methods,
            reason = "git is handed the credential here, over a socket that no one else can reach"
        )]
        stream.write_all(answer.expose())
    })
}

/// What git is told, if it asks for the protocol and host that the credential is for. After a redirect it asks for another.
fn answer(question: &[u8], login: &Login) -> Option<Secret> {
    let value = |key: &str| {
        let lines = question.split(|byte| *byte == b'\n');
        lines.filter_map(|line| line.strip_prefix(key.as_bytes())?.strip_prefix(b"=")).next_back()
    };
    let meant =
        value("protocol")? == login.protocol.as_bytes() && value("host")?.eq_ignore_ascii_case(login.host.as_bytes());
    if !meant {
        return None;
    }
    let mut text = Vec::with_capacity(64 + login.username.len() + login.password.len());
    #[expect(clippy::disallowed_methods, reason = "the answer is a secret itself")]
    for (key, part) in [("username", login.username.expose()), ("password", login.password.expose())] {
        text.extend_from_slice(key.as_bytes());
        text.push(b'=');
        text.extend_from_slice(part);
        text.push(b'\n');
    }
    Some(Secret::new(text))
}

/// The helper, if the arguments of the process are those of one: hands the question on standard input to the process at the socket, and its answer to standard output. It knows the operation
/// `get` only; there is nothing to store or to erase. One that cannot ask says nothing, and git tells that it has no credential. `true` if the process was one and has done its work.
pub fn help(arguments: impl Iterator<Item = OsString>) -> bool {
    let arguments: Vec<OsString> = arguments.skip(1).take(3).collect();
    let [verb, socket, operation] = arguments.as_slice() else { return false };
    if verb != VERB {
        return false;
    }
    if operation == "get" {
        let _ = hand_on(Path::new(socket));
    }
    true
}

fn hand_on(socket: &Path) -> io::Result<()> {
    let mut question = Vec::new();
    io::stdin().lock().take(LONGEST).read_to_end(&mut question)?;
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(&question)?;
    stream.shutdown(Shutdown::Write)?;
    let mut answer = Vec::with_capacity(4096);
    stream.take(LONGEST).read_to_end(&mut answer)?;
    let answer = Secret::new(answer);
    #[expect(clippy::disallowed_methods, reason = "standard output is git's end of a pipe")]
    io::stdout().write_all(answer.expose())
}

/// A path as the shell that git starts takes it.
fn quoted(path: &Path) -> io::Result<String> {
    let text = path.to_str();
    let text = text.ok_or_else(|| io::Error::other("the path of stanch or of its folder is no UTF-8"))?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login() -> Login {
        let secret = |text: &str| Secret::new(text.as_bytes().to_vec());
        Login {
            protocol: "https".to_owned(),
            host: "Example.com:8443".to_owned(),
            username: secret("me"),
            password: secret("s3cret-word"),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "a made-up credential")]
    fn answered(question: &str) -> Option<String> {
        answer(question.as_bytes(), &login()).map(|answer| String::from_utf8_lossy(answer.expose()).into_owned())
    }

    #[test]
    fn only_the_host_that_was_meant_is_answered() {
        let told = Some("username=me\npassword=s3cret-word\n".to_owned());
        assert_eq!(answered("capability[]=authtype\nprotocol=https\nhost=example.com:8443\npath=a\n\n"), told);
        for other in [
            "protocol=http\nhost=example.com:8443\n",
            "protocol=https\nhost=example.com\n",
            "protocol=https\nhost=evil.example:8443\n",
            "protocol=https\nhost=example.com:8443\nhost=evil.example\n",
            "protocol=https\n",
            "",
        ] {
            assert_eq!(answered(other), None, "{other}");
        }
    }

    #[test]
    fn questions_are_answered_over_the_socket_until_the_end() {
        let room = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let ask = |question: &str| -> io::Result<String> {
            let mut stream = UnixStream::connect(room.path().join("ask"))?;
            stream.write_all(question.as_bytes())?;
            stream.shutdown(Shutdown::Write)?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            Ok(answer)
        };
        let asked = while_answering(&login(), room.path(), |command| {
            assert!(command.starts_with("!'") && command.contains("' credential-helper '"), "{command}");
            assert!(!command.contains("s3cret"));
            [ask("protocol=https\nhost=other\n\n").ok(), ask("protocol=https\nhost=example.com:8443\n\n").ok()]
        });
        let asked = asked.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(asked, [Some(String::new()), Some("username=me\npassword=s3cret-word\n".to_owned())]);
        assert!(ask("protocol=https\n").is_err(), "nobody answers any more");
    }

    #[test]
    fn paths_for_the_shell() {
        assert_eq!(quoted(Path::new("/it's here")).ok().as_deref(), Some(r"'/it'\''s here'"));
    }
}
