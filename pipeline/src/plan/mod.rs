//! A plan as a file: what would be done to each credential, exactly, to be read by people and carried out later. `docs/response.md` is the manual,
//! `docs/schema/plan.schema.json` the form. It holds no secret: who carries it out reads the secrets again.

mod file;
mod item;

pub use file::{LASTS, Open, PlanFile, ReadError, SCHEMA};
pub use item::{Action, Item, Outlook};
