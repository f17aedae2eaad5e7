//! `stanch hook run github-action`: what `action.yml` runs.
//!
//! It finds out from the event's payload what is new (`event`), fetches as much history as that takes (`checkout`), scans, and tells the result
//! in the ways that GitHub has: annotations (`command`), the job's summary (`summary`), SARIF, outputs (`files`). Hidden from the help, as nobody
//! types it.

mod checkout;
mod command;
mod event;
mod files;
mod input;
mod run;
mod summary;
mod words;

pub(crate) use run::run;
