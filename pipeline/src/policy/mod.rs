//! Policies: which credentials are ignored, told of, asked about, or acted on at once. They are written in Cedar (<https://docs.cedarpolicy.com>),
//! held against `schema.cedarschema` when they are loaded, and asked one action per outcome. `docs/policy.md` is the manual.
//!
//! ```
//! use stanch_pipeline::policy::{Facts, Policies};
//! use stanch_pipeline::Verdict;
//!
//! let text = r#"@id("mine.tests") @why("a test key opens nothing") permit (principal, action == Action::"ignore", resource)
//!     when { resource.test_key };"#;
//! let policies = Policies::parse(text, "mine.cedar")?;
//! let decision = policies.decide(&Facts { test_key: true, ..Facts::default() });
//! assert_eq!(decision.verdict, Verdict::Ignore);
//! # Ok::<(), stanch_pipeline::policy::LoadError>(())
//! ```

mod answers;
mod cases;
mod decide;
mod facts;
mod gather;
mod load;
mod request;
mod set;
mod shipped;
mod terms;

#[cfg(test)]
mod tests;

pub use cases::{CaseReport, Difference, Suite, SuiteError};
pub use facts::{Abilities, Facts, Obstacle, Owned, Verification, Weekday};
pub use load::{Defect, LoadError};
pub use request::SCHEMA;
pub use set::{Policies, Policy};
pub use shipped::{SHIPPED, Shipped};
pub(crate) use terms::seconds;
pub use terms::{Terms, time};
