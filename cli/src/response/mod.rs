//! What the verbs that act share: the configuration, a credential with its parts, the journal, and the words in which a plan is shown.

mod config;
mod findings;
mod input;
mod intake;
mod items;
mod journal;
mod local;
mod notices;
mod one;
mod person;
mod session;
mod show;
mod store;
mod timeline;

pub(crate) use config::{ConfigFile, load as load_config};
pub(crate) use findings::verify_findings;
use input::{Typed, ask, ask_lines, parts_of};
pub(crate) use intake::intake;
pub(crate) use items::{looked, show_item, sums};
pub(crate) use journal::{File as JournalFile, past_of};
pub(crate) use local::{Lead, policies};
pub(crate) use notices::Notices;
pub(crate) use one::{many, one};
pub(crate) use person::{Person, asked, missing, person, until};
pub(crate) use session::{Answered, Session, aged, block_on, forget};
pub(crate) use show::{Facts, liveness, plan, redaction, report, why_not};
pub(crate) use stanch_pipeline::intake::{Subject, of_findings};
pub(crate) use store::{of_store, open as open_store};
pub(crate) use timeline::{Timeline, ended};
