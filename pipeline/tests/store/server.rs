//! The places of stores in a PostgreSQL of the tests.

use stanch_pipeline::store::{Place, Server};
use stanch_testkit::Postgres;
use zeroize::Zeroizing;

/// A database over the socket, which asks for no password.
pub(crate) fn place(server: &Postgres, database: &str) -> Place {
    Place::Postgres(Server::new(Zeroizing::new(server.url(database))))
}

/// A database over the network, as the options of the address ask for it.
pub(crate) fn over_network(server: &Postgres, database: &str, options: &str) -> Server {
    let url = format!("postgres://admin:{}@{}/{database}{options}", Postgres::WORD, server.host());
    Server { ca: Some(server.ca().to_owned()), ..Server::new(Zeroizing::new(url)) }
}
