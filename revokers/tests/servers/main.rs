//! Revokers against servers: real ones and emulators, which `.ci/tools` installs and a test starts on a free port and stops, and stand-ins of a
//! few lines for what nobody plays.

#[cfg(unix)]
mod amiss;
mod aws_services;
#[cfg(unix)]
mod azure;
#[cfg(unix)]
mod azurite;
mod bench;
#[cfg(unix)]
mod github;
mod mariadb;
#[cfg(unix)]
mod moto;
#[cfg(unix)]
mod native;
mod oauth;
mod openssh;
mod pebble;
mod postgres;
mod rabbitmq;
mod redis;
#[cfg(unix)]
mod signed;
#[cfg(unix)]
mod sshd;
#[cfg(unix)]
mod stand_in;
mod successors;
mod wires;

/// The modules say `crate::server`.
use stanch_testkit::server;
