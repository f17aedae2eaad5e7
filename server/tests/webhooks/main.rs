//! Webhooks, from a message on a socket to an incident in the store, with repositories that git made.

mod bench;
mod client;
mod github;
mod gitlab;
mod leak;
mod partner;
mod push;
#[cfg(unix)]
mod secrets;
