//! The console in a real browser.

mod access;
mod forms;
mod picture;
mod stage;
mod story;
mod visits;
mod walls;
