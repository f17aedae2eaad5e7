//! Nothing: the manifest beside it is all there is to it.
