//! What the verbs that act share: the configuration, a credential with its parts, the journal, and the words in which a plan is shown.

mod config;
mod findings;
mod input;
mod intake;
mod journal;
mod one;
mod session;
mod show;
mod subject;

pub(crate) use config::load as load_config;
pub(crate) use findings::verify_findings;
use input::{ask, parts_of};
pub(crate) use intake::intake;
pub(crate) use journal::File as JournalFile;
pub(crate) use one::one;
pub(crate) use session::{Session, block_on};
pub(crate) use show::{Facts, liveness, plan, redaction, report, why_not};
pub(crate) use subject::{Subject, of_findings};
