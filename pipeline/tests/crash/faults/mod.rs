//! What else goes wrong: providers that are away, clocks that jump, databases that stop, disks that are full, people who change their minds. Nothing is
//! lost, nothing happens twice, and what is shown is what is.

mod away;
mod clock;
mod crowd;
mod disk;
mod down;
mod pair;
mod said_no;
mod scene;
