//! A user and password for git.

use stanch_model::Secret;

/// A user and password for one host.
#[derive(Debug, Clone)]
pub struct Login {
    /// The scheme of the address: `https`.
    pub protocol: String,
    /// The host, with the port if the address names one.
    pub host: String,
    /// Who.
    pub username: Secret,
    /// By what.
    pub password: Secret,
}
