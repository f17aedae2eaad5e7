//! The pages for people: plain HTML that the server makes, without a script. Everything works with a keyboard, on a telephone, and in a terminal.
//!
//! What a page shows was written by strangers: names, places, what providers said. Every value is escaped by the templates (`templates/`), which
//! know no way around that, and the policy for content lets nothing run and nothing be loaded from elsewhere. A form is taken only from a page of
//! ours: `form.rs` says how that is known.

mod approvals;
mod assets;
mod audit;
mod chart;
mod decide;
mod form;
mod incident;
mod incidents;
mod page;
mod plan;
mod policies;
mod providers;
mod session;
mod span;
mod times;
mod words;

use std::time::Duration;

use crate::auth::Role;
use crate::{Access, Routes};

pub(crate) use page::trouble;
pub(crate) use session::enter;

/// The most that a form may have, in bytes.
const FORM: usize = 16 << 10;

/// The pages.
pub fn routes() -> Routes {
    let (look, speak) = (Access::Session(Role::Viewer), Access::Session(Role::Responder));
    let decide = Access::Session(Role::Approver);
    Routes::below("")
        .get("/", Access::Open, session::begin)
        .get("/console", Access::Open, session::begin)
        .get("/console/style.css", Access::Open, assets::style)
        .get("/console/icon.svg", Access::Open, assets::icon)
        .get("/console/sign-in", Access::Open, session::ask)
        .post("/console/sign-in", Access::Open, FORM, session::sign_in)
        .post("/console/sign-out", look, FORM, session::sign_out)
        .get("/console/incidents", look, incidents::show)
        .get("/console/incidents/{id}", look, incident::show)
        .post("/console/incidents/{id}/approve", decide, FORM, decide::approve)
        .post("/console/incidents/{id}/deny", decide, FORM, decide::deny)
        .post("/console/incidents/{id}/retry", speak, FORM, decide::retry)
        .get("/console/approvals", look, approvals::show)
        .get("/console/times", look, times::show)
        .get("/console/providers", look, providers::show)
        .get("/console/policies", look, policies::show)
        .get("/console/audit", look, audit::show)
        .within(Duration::from_mins(5))
}
