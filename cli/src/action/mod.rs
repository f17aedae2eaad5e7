//! `stanch hook run github-action`: what `action.yml` runs.
//!
//! It finds out from the event's payload what is new, fetches as much history as that takes (both in [`stanch_pipeline::git`]), scans, and tells the result
//! in the ways that GitHub has: annotations (`command`), the job's summary (`summary`), SARIF, outputs (`files`). Hidden from the help, as nobody
//! types it.

mod command;
mod files;
mod input;
mod run;
mod summary;
mod words;

pub(crate) use run::run;
