//! What `stanch serve` answers: the interface for programs, webhooks, the console.
//!
//! [`Server`] takes connections ([`mod@listen`]) and hands each request to the router ([`mod@router`]), which is made of the routes that the other
//! modules declare ([`mod@route`]). A route says who may use it and how much it takes in; there is no other way to add one.

#![forbid(unsafe_code)]

pub mod app;
pub mod auth;
pub mod config;
pub mod console;
pub mod error;
pub mod extract;
pub mod found;
pub mod http;
pub mod intake;
pub mod listen;
pub mod metrics;
pub mod people;
pub mod route;
pub mod router;
pub mod routes;
pub mod webhooks;

pub use app::{App, Clock, FindOwner, Live, Parts, Wake};
pub use config::ServerConfig;
pub use error::ApiError;
pub use listen::{Listener, ServeError, Server, Worker};
pub use route::{Access, Route, Routes};
pub use router::router;
pub use webhooks::Webhooks;
