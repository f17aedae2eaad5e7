//! What `stanch serve` answers: the interface for programs, webhooks, the console.

#![forbid(unsafe_code)]
