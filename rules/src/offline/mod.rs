//! Offline checks: named pure functions that say from the bytes of a candidate alone whether it can be real.
//!
//! A rule names its check; the scanner runs it on a candidate, prefix included, and gets [`Checked`]: whether
//! checksum or structure [`Holds`], and the [`Fact`]s a candidate tells without being asked for (an account, an
//! issuer, an expiry). The token minter calls [`Check::seal`] to make a fake that holds.
//!
//! No check touches anything but its input, keeps anything, or panics on any bytes. The algorithms are those
//! providers document or publish; where one follows only from samples, its documentation says so.

mod aws;
mod azure;
mod base58;
mod bech32;
mod check;
pub(crate) mod codec;
mod crc32;
mod der;
mod document;
mod gitlab;
mod identity;
mod json;
mod jwt;
mod macaroon;
mod marker;
mod nkey;
mod pair;
mod pem;
mod pgp;
mod putty;
mod slack;
mod ssh;
mod stripe;
mod table;
#[cfg(test)]
mod testing;
mod uri;
mod uuid;
mod wrapped;

pub use check::{Check, Checked, Fact, Holds, Strength};
pub use table::{all, by_name};
