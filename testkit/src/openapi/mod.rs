//! A provider's published description of its API (OpenAPI 3 or Swagger 2, as JSON), and whether a request is one of those it describes.
//!
//! [`Description::check`] tells of a request that a double received:
//!
//! | [`Rule`] | what must hold |
//! | --- | --- |
//! | `Path`, `Method` | one of the description's servers has the path, and the path the method; literal paths come before those with parameters |
//! | `PathParameter`, `Query`, `Header` | each fits its schema; those that are required are there; no undeclared one is in the query |
//! | `Security` | the credential stands where one of the declared schemes has it |
//! | `ContentType` | it is one of those declared for the body |
//! | `Body` | required fields are there, types and values fit, and no field is undeclared unless the schema lets anything in |
//!
//! A schema is judged by the `jsonschema` crate, after the dialects of OpenAPI were translated into that of JSON Schema (`dialect.rs`).
//! What a description says of answers is not looked at. No remark repeats a value of a request: it may be secret.

mod body;
mod description;
mod dialect;
mod operation;
mod parameter;
mod schema;
mod security;
mod server;

#[cfg(test)]
mod tests;

use std::fmt;

pub use description::{Description, Verdict};

/// What a request is held to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A server of the description has the path.
    Path,
    /// The path has the method.
    Method,
    /// What stands in the path fits.
    PathParameter,
    /// What stands in the query is declared and fits.
    Query,
    /// Declared headers are there and fit.
    Header,
    /// The credential stands where the description has it.
    Security,
    /// The body's type is a declared one.
    ContentType,
    /// The body fits its schema.
    Body,
    /// The description itself can be read as far as the request needs it.
    Description,
}

impl Rule {
    /// What tables call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Method => "method",
            Self::PathParameter => "path parameter",
            Self::Query => "query",
            Self::Header => "header",
            Self::Security => "security",
            Self::ContentType => "content type",
            Self::Body => "body",
            Self::Description => "description",
        }
    }
}

/// What is not as the description has it. It repeats no value of the request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// What does not hold.
    pub rule: Rule,
    /// What exactly, for people.
    pub what: String,
}

impl Remark {
    fn new(rule: Rule, what: impl Into<String>) -> Self {
        Self { rule, what: what.into() }
    }
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.rule.as_str(), self.what)
    }
}
