//! What a person has said is not to be counted: `.stanchignore` and baselines.
//!
//! Both name credentials by fingerprints under a random key of their own, so that a file in a repository is no list of hashes to try
//! guesses against. A secret of low entropy goes through a slow hash besides.

mod baseline;
mod ignore_file;
mod mark;

pub(crate) use baseline::Baseline;
pub(crate) use ignore_file::{Entry, FILE as IGNORE_FILE, IgnoreFile};
