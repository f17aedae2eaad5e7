//! Who asks, and what they may.

mod failures;
mod person;
mod role;
mod tokens;

pub(crate) use failures::Failures;
pub use person::Person;
pub(crate) use person::bearer;
pub use role::Role;
pub use tokens::{NameError, check_name, make_token};
