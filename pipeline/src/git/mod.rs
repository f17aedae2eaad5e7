//! The user's own `git`, which fetches what stands elsewhere, with the user's proxies, keys and credential helpers. What is on disk is read
//! without it.
//!
//! Used by the command line for URLs, by the GitHub action, and by the server for pushes. [`event`] says what an event asks for, [`Checkout`]
//! fetches so much of it, and `ask` hands git a credential that stands in no argument, environment or file.

#[cfg(unix)]
pub mod ask;
mod checkout;
mod error;
pub mod event;
mod login;
mod run;

pub use checkout::{Before, Checkout, Had, Range};
pub use error::{GitError, GitErrorKind};
pub use login::Login;
pub use run::{Git, Limits, OF_ANOTHER_REPOSITORY, command, with_helper};
