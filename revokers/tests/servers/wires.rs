//! The points of the conformance suite for servers that speak no HTTP: the wire between us and a real one breaks, hangs, or says what nobody says.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use stanch_revokers::Liveness;
use stanch_revokers::act::Goal;

use crate::bench::{Bench, credential};
use crate::server::must;

/// What happens to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    /// It is closed at once.
    Closed,
    /// Something else answers.
    Portal,
    /// Nobody answers.
    Silent,
    /// It breaks off once the server has said so many bytes: what it was asked for is done.
    CutAfter(usize),
    /// It breaks off once the server was asked for so much.
    CutBefore(usize),
    /// All is well.
    Whole,
}

/// Every bad day that is tried.
fn bad_days() -> Vec<Wire> {
    let lengths = [1, 12, 40, 90, 180, 350, 700, 1_400];
    let cuts = lengths.iter().flat_map(|count| [Wire::CutAfter(*count), Wire::CutBefore(*count)]);
    [Wire::Closed, Wire::Portal, Wire::Silent].into_iter().chain(cuts).collect()
}

/// A server with accounts, and whom it lets in.
pub(crate) trait Served {
    const KIND: &'static str;

    /// The port that it listens on.
    fn port(&self) -> u16;

    /// A new account: its address with the password, and the password.
    fn account(&self, name: &str) -> (String, String);

    /// Whether it lets somebody in, asked of a client that knows nothing of us.
    fn admits(&self, name: &str, word: &str) -> bool;

    /// A configuration with a responder.
    fn configuration(&self) -> String;
}

/// Whatever happens to the wire, a living account is not called dead, a dead one not alive, and nothing is called done that was not.
pub(crate) fn survives_bad_days<S: Served>(server: &S) {
    let relay = Relay::start(server.port());
    let through = format!(
        "endpoints = {{ '127.0.0.1' = 'tcp://127.0.0.1:{}' }}\nhttp = {{ timeout_ms = 700, attempts = 1, patience = 0.01, per_minute = 60000 }}\n{}",
        relay.port,
        server.configuration()
    );
    for (at, wire) in bad_days().into_iter().enumerate() {
        let bench = Bench::new(S::KIND, &through);
        let name = format!("app{at}");
        let (address, word) = server.account(&name);
        let leaked = credential(&address);
        let wrong = credential(&address.replace(&word, &"0".repeat(word.len())));
        relay.set(wire);
        assert_ne!(bench.probe(&leaked).liveness, Liveness::Inactive, "{wire:?}: it lives");
        assert_ne!(bench.probe(&wrong).liveness, Liveness::Active, "{wire:?}: nobody has this password");
        relay.set(Wire::Whole);
        let plan = bench.plan(&leaked).unwrap_or_else(|refusal| panic!("{wire:?}: {refusal}"));
        relay.set(wire);
        let report = bench.carry_out(&leaked, &plan, Goal::Dead);
        let lives = server.admits(&name, &word);
        assert!(!(report.outcome.is_dead() && lives), "{wire:?}: it lives, and is called {:?}", report.outcome);
        // On a better day the rest is done, and no harm by what was done before.
        relay.set(Wire::Whole);
        let again = bench.carry_out(&leaked, &plan, Goal::Dead);
        assert!(again.outcome.is_dead() && !server.admits(&name, &word), "{wire:?}: {again:?}");
        bench.never_wrote(&word);
    }
}

/// A server between us and the real one.
struct Relay {
    port: u16,
    wire: Arc<Mutex<Wire>>,
}

impl Relay {
    fn start(to: u16) -> Self {
        let listener = must(TcpListener::bind("127.0.0.1:0"), "a port");
        let port = must(listener.local_addr(), "its address").port();
        let wire = Arc::new(Mutex::new(Wire::Whole));
        let shared = Arc::clone(&wire);
        // It ends with the test's process.
        thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let wire = *shared.lock().unwrap_or_else(PoisonError::into_inner);
                thread::spawn(move || drop(connection(near, to, wire)));
            }
        });
        Self { port, wire }
    }

    fn set(&self, wire: Wire) {
        *self.wire.lock().unwrap_or_else(PoisonError::into_inner) = wire;
    }
}

fn connection(mut near: TcpStream, to: u16, wire: Wire) -> io::Result<()> {
    let (asked, said) = match wire {
        Wire::Closed => return Ok(()),
        Wire::Portal => {
            near.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\n\r\n<html>Please sign in</html>")?;
            return near.shutdown(Shutdown::Write);
        }
        Wire::Silent => {
            thread::sleep(Duration::from_millis(1_500));
            return Ok(());
        }
        Wire::CutAfter(count) => (usize::MAX, count),
        Wire::CutBefore(count) => (count, usize::MAX),
        Wire::Whole => (usize::MAX, usize::MAX),
    };
    let far = TcpStream::connect(("127.0.0.1", to))?;
    let (from, into) = (near.try_clone()?, far.try_clone()?);
    thread::spawn(move || drop(pass(&from, &into, asked)));
    pass(&far, &near, said)
}

/// Passes bytes on, until there are none or it was enough; then both ends are closed.
fn pass(mut from: &TcpStream, mut into: &TcpStream, most: usize) -> io::Result<()> {
    let mut left = most;
    let mut buffer = [0; 4096];
    while left > 0 {
        let size = buffer.len().min(left);
        let Some(room) = buffer.get_mut(..size) else { break };
        let count = from.read(room)?;
        if count == 0 {
            break;
        }
        into.write_all(buffer.get(..count).unwrap_or_default())?;
        left -= count;
    }
    let _ = from.shutdown(Shutdown::Both);
    into.shutdown(Shutdown::Both)
}
