//! Takes a body in: not more than the route wants, not longer than the configuration allows, and only if there is room.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::room::{Held, Room};
use crate::ApiError;

/// A body that was taken in, and the room that it holds.
pub(super) struct Taken {
    pub(super) body: Body,
    pub(super) held: Vec<Held>,
}

/// Takes a body in. What is handed on is wiped when nobody needs it any more, as it may hold secrets.
pub(super) async fn take(
    headers: &HeaderMap,
    body: Body,
    most: usize,
    within: Duration,
    room: &Room,
) -> Result<Taken, ApiError> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoded", "a compressed body is not taken"));
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(ApiError::too_large(most));
    }
    let (mut parts, mut length, mut held) = (Vec::<Bytes>::new(), 0_usize, Vec::new());
    let (mut stream, deadline) = (body.into_data_stream(), Instant::now() + within);
    while let Some(part) = timeout_at(deadline, stream.next()).await.map_err(|_| late())? {
        let part = part.map_err(|_| ApiError::bad_request("the body breaks off"))?;
        length = length.saturating_add(part.len());
        if length > most {
            return Err(ApiError::too_large(most));
        }
        if !part.is_empty() {
            held.push(room.body(part.len())?);
            parts.push(part);
        }
    }
    Ok(Taken { body: whole(&parts, length), held })
}

/// All parts in one piece of memory that is wiped at its end.
fn whole(parts: &[Bytes], length: usize) -> Body {
    let mut bytes = Zeroizing::new(Vec::with_capacity(length));
    for part in parts {
        bytes.extend_from_slice(part);
    }
    Body::from(Bytes::from_owner(bytes))
}

fn late() -> ApiError {
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the body did not arrive in time")
}
