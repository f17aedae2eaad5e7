//! What other systems tell us of their own accord.

use crate::Routes;

/// The routes below `/webhooks`.
pub fn routes() -> Routes {
    Routes::below("/webhooks")
}
