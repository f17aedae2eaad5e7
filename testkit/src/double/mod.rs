//! Doubles of providers: servers on loopback that keep state and have the provider's quirks.
//!
//! What they answer is data (`testkit/doubles/`, whose README is the format). [`Double::load`] reads it, [`Stage::start`] plays it, and a
//! [`Fault`] lets something go wrong. A stage counts what it was asked for ([`Stage::effects`]), keeps every request
//! ([`Stage::requests`]) and those that the provider's documents do not know ([`Stage::strays`]).
//!
//! ```no_run
//! use stanch_testkit::double::{Cast, Double, Fault, Role, Stage, Trigger};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let doubles = Double::load("testkit/doubles".as_ref())?;
//! let acme = doubles.iter().find(|double| double.kind() == "acme.api-key").ok_or("no such double")?;
//! let stage = Stage::start(acme, Cast { twin: true, ..Cast::default() });
//! stage.fault(Trigger::writes().nth(1), Fault::LostAnswer);
//! // A client talks to `stage.origin()` and names one of `stage.hosts()` in its `Host` header.
//! assert!(stage.alive(Role::Other) && stage.strays().is_empty());
//! # Ok(())
//! # }
//! ```

mod auth;
mod check;
mod condition;
mod defect;
mod fault;
mod file;
mod key;
mod page;
mod pattern;
mod request;
mod route;
mod stage;
mod state;
mod template;
mod wire;

#[cfg(test)]
mod exemplar;
#[cfg(test)]
mod tests;

pub use defect::{Defect, Defects};
pub use fault::{Fault, Trigger};
pub use file::Double;
pub use key::{Cast, Key, Life, Role};
pub(crate) use pattern::Pattern;
pub(crate) use request::percent_decoded;
pub use request::{Request, Stray};
pub use route::Effect;
pub use stage::Stage;
pub use state::Done;
