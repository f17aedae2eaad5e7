//! All formats over one made-up scan: their schemas, their looks, and that no secret is in any of them.

mod formats;
mod history;
mod leaks;
mod redaction;
mod sample;
#[path = "../../tests/reports/schema.rs"]
mod schema;
