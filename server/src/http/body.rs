//! Takes a body in: not more than the route wants, not longer than the configuration allows, and only if there is room.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, StatusCode, header};
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

use super::room::{Held, Room, Sender};
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
    (room, from): (&Room, Sender),
) -> Result<Taken, ApiError> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(ApiError::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "encoded", "a compressed body is not taken"));
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > most as u64) {
        return Err(ApiError::too_large(most));
    }
    let mut coming = Coming { room, from, length: 0, blocks: Vec::new(), held: Vec::new() };
    let (mut stream, deadline) = (body.into_data_stream(), Instant::now() + within);
    while let Some(part) = timeout_at(deadline, stream.next()).await.map_err(|_| late())? {
        let part = part.map_err(|_| ApiError::bad_request("the body breaks off"))?;
        if coming.length.saturating_add(part.len()) > most {
            return Err(ApiError::too_large(most));
        }
        coming.take(&part)?;
    }
    Ok(coming.whole())
}

/// What has come of a body, in blocks that are wiped at their end. It is copied: a body may come in crumbs, and a handle on each of them would cost
/// a hundred times what it holds.
struct Coming<'a> {
    room: &'a Room,
    from: Sender,
    length: usize,
    blocks: Vec<Zeroizing<Vec<u8>>>,
    held: Vec<Held>,
}

impl Coming<'_> {
    fn take(&mut self, mut part: &[u8]) -> Result<(), ApiError> {
        while !part.is_empty() {
            let free = self.blocks.last().map_or(0, |block| block.capacity() - block.len());
            if free == 0 {
                self.grow()?;
            }
            let Some(block) = self.blocks.last_mut() else { continue };
            let (now, later) = part.split_at(part.len().min(block.capacity() - block.len()));
            block.extend_from_slice(now);
            self.length += now.len();
            part = later;
        }
        Ok(())
    }

    /// Another block, as large as all before it together, within bounds. Its room is taken when it begins.
    fn grow(&mut self) -> Result<(), ApiError> {
        const SMALLEST: usize = 1 << 10;
        const LARGEST: usize = 64 << 10;
        let size = self.length.clamp(SMALLEST, LARGEST);
        self.held.push(self.room.body(size, self.from)?);
        self.blocks.push(Zeroizing::new(Vec::with_capacity(size)));
        Ok(())
    }

    /// All of it in one piece of memory that is wiped at its end.
    fn whole(self) -> Taken {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.length));
        for block in &self.blocks {
            bytes.extend_from_slice(block);
        }
        Taken { body: Body::from(Bytes::from_owner(bytes)), held: self.held }
    }
}

fn late() -> ApiError {
    ApiError::new(StatusCode::REQUEST_TIMEOUT, "too-slow", "the body did not arrive in time")
}
