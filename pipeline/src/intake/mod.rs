//! What arrives, made into exposures: webhooks, alerts of code hosts, findings of scans.
//!
//! Whoever takes something in [`Intake::accept`]s it, which is durable, and then answers its sender. A worker ([`Intake::run`]) has a [`Finder`] look
//! for credentials in it, and hands each with its places ([`Subject`]) to the store. A crash between any two of these loses nothing and does
//! nothing twice.

mod arrival;
mod environment;
mod subject;
mod take;
#[cfg(test)]
mod tests;
mod worker;

pub use arrival::{Alert, Arrival, Forge, Leak, Push, Repository, Text, Told};
pub use environment::Environment;
pub use subject::{Setting, Subject, of_findings};
pub use take::{ACTOR, Failure, Finder, Found, Intake, QUEUE, Rules, Wake, exposed};
pub use worker::Pace;
