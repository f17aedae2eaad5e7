//! The server that plays a double.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::fault::{Fault, Trigger};
use super::file::Double;
use super::key::{Cast, Key, Life, Role};
use super::request::{Request, Stray};
use super::state::{Done, State};
use super::template::{Scope, Settings};
use super::wire::{Connection, Curtain};

/// A server on loopback that plays one double, until it is dropped.
///
/// It speaks plain HTTP. A client connects to [`origin`](Self::origin) and names the provider's host in the `Host` header.
#[derive(Debug)]
pub struct Stage {
    shared: Arc<Shared>,
    address: SocketAddr,
    hosts: Vec<String>,
    settings: Settings,
    /// The keys as they were at the start.
    keys: Vec<Key>,
    doorman: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    double: Double,
    state: Mutex<State>,
    curtain: Curtain,
}

impl Stage {
    /// Starts a server on a free port of loopback.
    ///
    /// # Panics
    /// If no port is free.
    pub fn start(double: &Double, cast: Cast) -> Self {
        Self::try_start(double, cast).unwrap_or_else(|error| panic!("{}: {error}", double.kind()))
    }

    /// As [`start`](Self::start).
    ///
    /// # Errors
    /// If no port is free.
    pub fn try_start(double: &Double, cast: Cast) -> io::Result<Self> {
        let state = State::new(double, cast).map_err(io::Error::other)?;
        let (settings, keys) = (state.settings.clone(), state.keys.clone());
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let hosts = hosts(double, &settings, &keys).into_iter().collect();
        let shared = Arc::new(Shared { double: double.clone(), state: Mutex::new(state), curtain: Curtain::default() });
        let inside = Arc::clone(&shared);
        let doorman = thread::Builder::new().name("double".to_owned()).spawn(move || admit(&listener, &inside))?;
        Ok(Self { shared, address, hosts, settings, keys, doorman: Some(doorman) })
    }

    /// Where to connect to: `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same as an address.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The hosts of all routes, in order.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    /// The key under test, as it was at the start.
    ///
    /// # Panics
    /// Never: there is one.
    pub fn leaked(&self) -> &Key {
        self.start_key(Role::Leaked).unwrap_or_else(|| unreachable!("every stage has a leaked key"))
    }

    /// Every key that leaked, as it was at the start: the one under test, and those that the cast has beside it.
    pub fn leaks(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(|key| matches!(key.role, Role::Leaked | Role::Also(_)))
    }

    /// The key of the same owner that must survive, as it was at the start.
    ///
    /// # Panics
    /// Never: there is one.
    pub fn other(&self) -> &Key {
        self.start_key(Role::Other).unwrap_or_else(|| unreachable!("every stage has another key"))
    }

    /// The key whose mask looks as the leaked one's, if the cast has one and the mask hides anything.
    pub fn twin(&self) -> Option<&Key> {
        self.start_key(Role::Twin)
    }

    /// The key of another owner, if the cast has one and the file names an owner for it.
    pub fn stranger(&self) -> Option<&Key> {
        self.start_key(Role::Stranger)
    }

    fn start_key(&self, role: Role) -> Option<&Key> {
        self.keys.iter().find(|key| key.role == role)
    }

    /// A key as it is now, minted ones, too.
    pub fn key(&self, role: Role) -> Option<Key> {
        self.state().key(role).cloned()
    }

    /// The keys that were minted since the start, in order.
    pub fn minted(&self) -> Vec<Key> {
        self.state().keys.iter().filter(|key| matches!(key.role, Role::New(_))).cloned().collect()
    }

    /// The parts of the responder's credential; `secret` is the main one. Empty if the double knows none.
    pub fn admin(&self) -> &BTreeMap<String, String> {
        &self.settings.admin
    }

    /// What is the same for all keys, in the order of the file.
    pub fn fixed(&self) -> Vec<(String, String)> {
        self.settings.fixed.texts()
    }

    /// The owner of the leaked key, as routes print it, in the order of the file: the first is what the user calls theirs.
    pub fn owner(&self) -> Vec<(String, String)> {
        self.shared.double.head.owner.texts()
    }

    /// The owner of the stranger's key, in the order of the file.
    pub fn foreign_owner(&self) -> Vec<(String, String)> {
        self.shared.double.head.stranger.texts()
    }

    /// How a list shows a value.
    pub fn mask(&self, value: &str) -> String {
        self.settings.mask.of(value)
    }

    /// Whether the next request with a key would be accepted.
    pub fn alive(&self, role: Role) -> bool {
        self.state().life(role) == Some(Life::Live)
    }

    /// What the next request will find of a key; `None` if there is none of the role.
    pub fn life(&self, role: Role) -> Option<Life> {
        self.state().life(role)
    }

    /// Makes a key live, disabled or deleted, as somebody else might.
    pub fn set_life(&self, role: Role, life: Life) {
        self.state().set_life(role, life);
    }

    /// What was asked for and done, in order.
    pub fn effects(&self) -> Vec<Done> {
        self.state().effects.clone()
    }

    /// Every request, in the order in which they were served.
    pub fn requests(&self) -> Vec<Request> {
        self.state().requests.clone()
    }

    /// The requests that no route knows. A test fails on them.
    pub fn strays(&self) -> Vec<Stray> {
        self.state().strays.clone()
    }

    /// Lets something go wrong from now on.
    pub fn fault(&self, trigger: Trigger, fault: Fault) {
        self.state().faults.add(trigger, fault);
    }

    /// Lets nothing go wrong any more.
    pub fn no_faults(&self) {
        self.state().faults.clear();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.shared.curtain.fall();
        // The doorman waits for somebody to come.
        drop(TcpStream::connect(self.address));
        if let Some(doorman) = self.doorman.take() {
            drop(doorman.join());
        }
    }
}

/// Lets clients in until the curtain falls, each on a thread of its own, and waits for all of them.
fn admit(listener: &TcpListener, shared: &Shared) {
    thread::scope(|scope| {
        while let Ok((stream, _)) = listener.accept() {
            if shared.curtain.has_fallen() {
                break;
            }
            scope.spawn(|| {
                // A client that breaks off has its reasons; what it asked for is in the records.
                drop(serve(stream, shared));
            });
        }
    });
}

fn serve(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut connection = Connection::new(stream, &shared.curtain)?;
    while let Some(request) = connection.request()? {
        let method = request.method.clone();
        let delivery = {
            let mut state = shared.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.serve(&shared.double, request)
        };
        if !connection.deliver(&delivery, &method)? {
            break;
        }
    }
    Ok(())
}

/// The hosts of all routes, with what is fixed or a key's part filled in.
fn hosts(double: &Double, settings: &Settings, keys: &[Key]) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    for route in &double.routes {
        for key in keys {
            let scope = Scope { key: Some(key), ..Scope::new(settings, &double.head.owner) };
            hosts.extend(scope.text(&route.host.0).map(|host| host.to_ascii_lowercase()));
        }
    }
    hosts
}
