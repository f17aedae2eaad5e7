//! OpenSSH's own server, for what a person is told to do about a key of a host: stanch does not log in to hosts, so that its words have to be right.
//!
//! The runbook of `ssh.private-key-host` is followed to the letter, and the server says what came of it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use stanch_revokers::act::Refusal;
use tempfile::TempDir;

use crate::bench::{Bench, credential};
use crate::server::{Running, free_port, is_root, must, program, run, succeeds, until};

const KIND: &str = "ssh.private-key-host";

/// A server with two keys that may log in.
struct Sshd {
    dir: TempDir,
    port: u16,
    server: Running,
}

impl Sshd {
    fn start() -> Self {
        let dir = must(TempDir::new(), "a folder");
        let port = free_port();
        let at = |name: &str| dir.path().join(name).display().to_string();
        for name in ["host", "leaked", "other"] {
            run(Command::new(program("ssh-keygen")).args([
                "-q",
                "-t",
                "ed25519",
                "-N",
                "",
                "-C",
                name,
                "-f",
                &at(name),
            ]));
        }
        let public = |name: &str| must(fs::read_to_string(at(name) + ".pub"), "a public key");
        must(fs::write(at("authorized_keys"), public("leaked") + &public("other")), "the keys");
        must(fs::write(at("revoked"), ""), "the keys that are refused");
        must(fs::write(at("known_hosts"), format!("[127.0.0.1]:{port} {}", public("host"))), "the known hosts");
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nRevokedKeys {}\nPidFile none\nStrictModes no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nUsePAM no\n",
            at("host"),
            at("authorized_keys"),
            at("revoked")
        );
        must(fs::write(at("sshd_config"), config), "the configuration");
        if is_root() {
            // Where Debian's server separates its privileges.
            must(fs::create_dir_all("/run/sshd"), "/run/sshd");
        }
        let mut server = Running::start(
            Command::new(program("sshd")).args(["-D", "-e", "-f", &at("sshd_config")]),
            &dir.path().join("log"),
        );
        server.listens(port);
        Self { dir, port, server }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A login with a key, and nothing of this machine's own configuration.
    fn login(&self, key: &str, command: &str) -> Command {
        let mut ssh = Command::new(program("ssh"));
        let known = format!("UserKnownHostsFile={}", self.file("known_hosts").display());
        ssh.args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]);
        ssh.args(["-o", "StrictHostKeyChecking=yes", "-o", &known, "-p", &self.port.to_string(), "-i"]);
        ssh.arg(self.file(key)).args(["127.0.0.1", command]);
        ssh
    }

    fn lets_in(&self, key: &str) -> bool {
        succeeds(&mut self.login(key, "true"))
    }
}

#[test]
fn what_a_person_is_told_shuts_the_key_out_and_no_other() {
    let sshd = Sshd::start();
    let leaked = must(fs::read_to_string(sshd.file("leaked")), "the key");
    let mode = must(fs::metadata(sshd.file("leaked")), "the key").permissions().mode();
    assert_eq!(mode & 0o077, 0, "the test's own key is private");
    assert!(sshd.lets_in("leaked") && sshd.lets_in("other"), "{}", sshd.server.log());

    let bench = Bench::new(KIND, "");
    let Err(Refusal::Person { runbook, .. }) = bench.plan(&credential(&leaked)) else { panic!("a person does it") };
    for step in ["ssh-keygen -y -f KEY", "Remove that line from authorized_keys", "RevokedKeys"] {
        assert!(runbook.contains(step), "{step}: {runbook}");
    }

    // A session that is open before it is shut out.
    let mut session =
        must(sshd.login("leaked", "cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn(), "a session");
    until("the session is open", || sshd.server.log().matches("Accepted publickey").count() >= 3);

    let public = run(Command::new(program("ssh-keygen")).args(["-y", "-f"]).arg(sshd.file("leaked")));
    let material = public.split_whitespace().nth(1).unwrap_or_else(|| panic!("no key: {public}")).to_owned();
    let lines = must(fs::read_to_string(sshd.file("authorized_keys")), "the keys");
    let left: Vec<&str> = lines.lines().filter(|line| !line.contains(&material)).collect();
    assert_eq!(left.len(), 1, "exactly one line is the key's");
    must(fs::write(sshd.file("authorized_keys"), left.join("\n") + "\n"), "the keys");
    assert!(!sshd.lets_in("leaked") && sshd.lets_in("other"), "{}", sshd.server.log());

    // A file of keys that nobody thought of lets it in again; what is revoked stays out whatever they say.
    must(fs::write(sshd.file("authorized_keys"), lines), "the keys");
    assert!(sshd.lets_in("leaked"));
    must(fs::write(sshd.file("revoked"), public), "the keys that are refused");
    assert!(!sshd.lets_in("leaked") && sshd.lets_in("other"), "{}", sshd.server.log());

    // What the kind says of sessions: they outlive it, and somebody has to end them.
    let survives = bench.survives().unwrap_or_default();
    assert!(survives.contains("Sessions that were open"), "{survives}");
    assert!(matches!(session.try_wait(), Ok(None)), "the open session outlived its key");
    must(session.kill(), "the session");
    must(session.wait(), "the session");
}
