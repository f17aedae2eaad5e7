//! What is found in texts that people send, and how it becomes an incident.

use std::sync::atomic::AtomicBool;

use stanch_model::{Finding, Source};
use stanch_pipeline::engine::sealed;
use stanch_pipeline::intake::{Setting, Subject};
use stanch_pipeline::{IncidentId, Owner};
use stanch_scanner::{Control, Scratch, scan_bytes};

use crate::{ApiError, App};

/// The credentials in a text, by all built-in rules. It is work for a processor: longer texts belong on a thread of their own.
pub fn scan(app: &App, path: &str, text: &[u8]) -> Vec<Finding> {
    let stop = AtomicBool::new(false);
    scan_bytes(&control(app, &stop), path, text, Source::File, None, &mut Scratch::default())
}

/// The server's scanner, for one thread.
pub(crate) fn control<'a>(app: &'a App, stop: &'a AtomicBool) -> Control<'a> {
    Control { engine: app.scanner(), key: &app.fingerprints, stop, events: &(), jobs: 1 }
}

/// Makes an incident of a credential, or adds to the one that there is. It is durable when this answers. Gives the incident, and whether it is
/// new.
///
/// # Errors
/// If the store did not keep it.
pub async fn detect(
    app: &App,
    subject: &Subject,
    setting: &Setting,
    actor: &str,
) -> Result<(IncidentId, bool), ApiError> {
    // Whoever answers is found by what is here.
    let mut what = subject.detected(setting, Owner::default());
    what.owner = (app.owner)(&what, &subject.occurrences);
    let secret = sealed::of_credential(&subject.credential);
    let found = app.store.detect(&what, &subject.occurrences, Some(secret), app.now(), actor).await?;
    app.there_is_work();
    Ok(found)
}
