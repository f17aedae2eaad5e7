//! A real server on a loopback port, asked through raw sockets: what it answers, to whom, and what it withstands.

mod access;
mod described;
mod ending;
mod hostile;
mod house;
mod incidents;
mod quiet;
mod secure;
mod wire;
