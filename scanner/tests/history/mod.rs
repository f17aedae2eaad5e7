//! The tests of whole histories: git makes the repositories, and git is asked what is right.

mod damaged;
mod deltas;
mod hostile;
mod oracle;
mod packer;
mod places;
mod random;
mod repo;
mod shelf;
mod special;
mod state;
mod stop;
