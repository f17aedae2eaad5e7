//! What is done with every request before and after its handler.

mod body;
mod edge;
mod guard;
mod peer;
mod room;
mod target;

pub use edge::RequestId;
pub(crate) use edge::edge;
pub(crate) use guard::{Guard, guard};
pub use peer::Peer;
pub(crate) use room::Room;
