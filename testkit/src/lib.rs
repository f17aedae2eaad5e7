//! What the tests of several rooms share. Nothing of it is part of the product.
//!
//! * [`chaff`]: rules of frequent words, to compare two ways of scanning by a great many hits.
//! * [`naive`]: the oracle, every rule tried at every byte.

pub mod chaff;
pub mod naive;
