//! The interface for programs, one file a resource. `docs/openapi.json` describes it; a test holds the two to each other.

mod audit;
mod findings;
mod health;
mod incidents;
mod policies;
mod providers;
mod stats;
mod tokens;

use crate::{ApiError, Routes};

pub use health::routes as health;

/// Everything below `/api/v1`.
pub fn api() -> Routes {
    let routes = [
        incidents::routes(),
        findings::routes(),
        providers::routes(),
        policies::routes(),
        audit::routes(),
        tokens::routes(),
        stats::routes(),
    ];
    routes.into_iter().fold(Routes::below(V1), Routes::and)
}

/// Where the interface stands. What is added to it keeps the number; what breaks it takes the next.
const V1: &str = "/api/v1";

/// How many are wanted of a list.
fn limit(wanted: Option<u32>, most: u32) -> Result<u32, ApiError> {
    match wanted.unwrap_or(50) {
        limit if (1..=most).contains(&limit) => Ok(limit),
        _ => Err(ApiError::bad_request(format!("`limit` is from 1 to {most}"))),
    }
}
