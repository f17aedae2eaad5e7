//! A server that speaks OAuth and lies: it answers 200 to a revocation (<https://www.rfc-editor.org/rfc/rfc7009>), and the token stays alive. What is
//! not proven is never called revoked.

use std::process::Command;

use stanch_revokers::act::{Goal, Refusal};
use stanch_revokers::file::File;
use stanch_revokers::{Liveness, Outcome, registry};
use tempfile::TempDir;

use crate::bench::{Bench, credential};
use crate::server::{Running, free_port, must, program};

/// A provider whose tokens are revoked and looked at as the standards say.
const PROVIDER: &str = r#"
provider = "oauth"
name     = "OAuth"

[[kind]]
id        = "oauth.access-token"
title     = "Access token"
rules     = []
authority = "self"
trust     = "documented"
docs      = ["https://www.rfc-editor.org/rfc/rfc7009", "https://www.rfc-editor.org/rfc/rfc7662"]
manual    = { runbook = "None.", breaks = "Nothing." }

[kind.probe]
request  = { method = "POST", url = "https://login.acme.dev/introspect", form = { token = "{secret}" } }
answers  = [{ status = 200, where = { "/active" = true }, means = "active" }, { status = 200, where = { "/active" = false }, means = "inactive" }]
also     = [{ request = { url = "https://login.acme.dev/userinfo", headers = { Authorization = "Bearer {secret}" } }, identity = { user = "/sub" } }]

[[kind.revoke]]
name    = "revoke"
step    = "final"
target  = "the token, by its value"
settle  = 1
request = { method = "POST", url = "https://login.acme.dev/revoke", form = { token = "{secret}" } }
answers = [{ status = 200, means = "done" }]
"#;

#[test]
fn a_revocation_that_only_says_so_is_never_called_one() {
    let dir = must(TempDir::new(), "a folder");
    let port = free_port();
    let mut command = Command::new(program("node"));
    command.arg(script()).args(["-a", "127.0.0.1", "-p", &port.to_string()]);
    let mut running = Running::start(&mut command, &dir.path().join("log"));
    running.listens(port);
    let file: &'static File = Box::leak(Box::new(must(File::parse("oauth", PROVIDER), "the provider")));
    let kind = file.kinds.first().unwrap_or_else(|| panic!("no kind"));
    let entry = || registry::entry(file, kind).unwrap_or_else(|| panic!("no entry"));
    let config =
        format!("endpoints = {{ 'login.acme.dev' = 'http://127.0.0.1:{port}' }}\nowners = {{ oauth = ['johndoe'] }}\n");
    let (bench, leaked) = (Bench::with(entry(), &config, false), credential("made-up-token"));
    let probe = bench.probe(&leaked);
    assert_eq!((&probe.liveness, probe.identity.of("user")), (&Liveness::Active, &["johndoe".to_owned()][..]));
    for _ in 0..2 {
        let report = bench.revoke(&leaked, Goal::Dead);
        assert_eq!(report.outcome, Outcome::Accepted);
        assert_eq!(report.outcome.to_string(), "accepted, not yet proven");
        assert!(!report.outcome.is_dead() && report.took_seconds.is_none());
    }
    let stranger = Bench::with(entry(), &config.replace("johndoe", "somebody"), false);
    assert!(matches!(stranger.plan(&leaked), Err(Refusal::NotOurs(_))));
}

/// The server's script, where `need_oauth_mock` of .ci/tools has put it.
fn script() -> std::path::PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the build says where it installed the server")]
    let named = std::env::var_os("STANCH_OAUTH_MOCK");
    let script = named
        .unwrap_or_else(|| panic!("STANCH_OAUTH_MOCK names no script: `need_oauth_mock` of .ci/tools installs it"))
        .into();
    let script: std::path::PathBuf = script;
    assert!(script.is_file(), "no `{}`: `need_oauth_mock` of .ci/tools installs it", script.display());
    script
}
