//! Plays a provider on loopback, to try the real binary against it by hand:
//!
//! ```sh
//! cargo run -p stanch-testkit --example double -- openai.project-key --twin
//! ```
//!
//! It writes a configuration for `--config` and the leaked secret (made up, as everything here) into a folder of its own, says how to use
//! them, and plays until its standard input ends. Then it tells which keys live, and what was done to them.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::path::Path;
use std::{env, fs, io};

use stanch_testkit::double::{Cast, Double, Role, Stage};

fn main() -> io::Result<()> {
    let mut words = env::args().skip(1);
    let kind = words.next().unwrap_or_else(|| "openai.project-key".to_owned());
    let twin = words.any(|word| word == "--twin");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("doubles");
    let doubles = Double::load(&folder).map_err(|defects| io::Error::other(format!("{defects:?}")))?;
    let double = doubles.iter().find(|double| double.kind() == kind);
    let double = double.ok_or_else(|| io::Error::other(format!("no double plays `{kind}`")))?;
    let stage = Stage::start(double, Cast { twin, ..Cast::default() });
    let place = tempfile::Builder::new().prefix("stanch-double-").tempdir()?;
    fs::write(place.path().join("config.toml"), config(double, &stage))?;
    fs::write(place.path().join("secret"), secret(&stage))?;
    let mut out = io::stdout();
    writeln!(out, "A double of {} plays at {}.", double.provider(), stage.origin())?;
    writeln!(out, "stanch revoke --config {0}/config.toml --rule {kind} < {0}/secret", place.path().display())?;
    out.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    for (name, role) in [("leaked", Role::Leaked), ("other", Role::Other), ("twin", Role::Twin)] {
        if let Some(key) = stage.key(role) {
            writeln!(out, "{name}: {:?}", key.life)?;
        }
    }
    stage.effects().iter().try_for_each(|done| writeln!(out, "done: {done:?}"))?;
    stage.strays().iter().try_for_each(|stray| writeln!(out, "not documented: {stray:?}"))
}

/// A configuration in which the double is the provider, and its owner is us.
fn config(double: &Double, stage: &Stage) -> String {
    let provider = double.provider();
    let mut text = String::from("[endpoints]\n");
    for host in stage.hosts() {
        let _ = writeln!(text, "{host:?} = {:?}", stage.origin());
    }
    let _ = writeln!(text, "[settings.{provider}]");
    for (name, value) in stage.fixed() {
        let _ = writeln!(text, "{name} = {value:?}");
    }
    let owners: Vec<String> = stage.owner().into_iter().map(|(_, value)| value).collect();
    let _ = writeln!(text, "[owners]\n{provider} = {owners:?}\n[responders.{provider}]");
    for (name, value) in stage.admin() {
        let _ = writeln!(text, "{name} = {{ value = {value:?} }}");
    }
    let _ = writeln!(text, "[http]\npatience = 0.1");
    text
}

/// The leaked secret, and what leaked beside it.
fn secret(stage: &Stage) -> String {
    let leaked = stage.leaked();
    let mut text = format!("{}\n", leaked.value);
    for (name, value) in &leaked.parts {
        let _ = writeln!(text, "{name}={value}");
    }
    text
}
