//! What arrives, made into exposures.

mod subject;

pub use subject::{Setting, Subject, of_findings};
