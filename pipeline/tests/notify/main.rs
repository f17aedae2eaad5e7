//! Channels against servers on loopback: what is sent has the documented form, what is answered has the right consequence, and nothing secret
//! or hostile gets through.

mod bench;
mod channels;
mod faults;
mod hostile;
mod mail;
mod mailbox;
mod order;
mod server;
mod tls;
