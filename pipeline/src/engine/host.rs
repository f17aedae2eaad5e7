//! Which process this is, and whether another one of this host is no more.

use crate::store::Actor;

/// This process.
pub fn this_process() -> Actor {
    let pid = std::process::id();
    Actor { host: host(), pid, started: started(pid).unwrap_or_default() }
}

/// Whether a process of this host is no more: none has its number, or the one that has it started at another time. Where that cannot be told
/// it is not: its lease ends by itself.
pub fn is_gone(actor: &Actor) -> bool {
    match started(actor.pid) {
        Some(started) => started != actor.started,
        None => cfg!(target_os = "linux"),
    }
}

/// A name for the space in which the numbers of processes count: the machine, and on Linux the namespace, as two containers of one machine have
/// numbers of their own.
fn host() -> String {
    let machine = std::fs::read_to_string("/etc/machine-id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    blake3::hash(format!("{} {space} {name}", machine.trim()).as_bytes()).to_hex().chars().take(16).collect()
}

/// When a process started: its ticks since the boot, mixed with which boot that was.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name of the program stands in brackets and may hold anything; the 22nd field is the 20th after it
    // (https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
    let after = stat.rsplit_once(')')?.1;
    let ticks = after.split_ascii_whitespace().nth(19)?;
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let hash = blake3::hash(format!("{ticks} {boot}").as_bytes());
    let (first, _) = hash.as_bytes().split_first_chunk::<8>()?;
    // The store's numbers are signed.
    Some(u64::from_le_bytes(*first) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_another_time_of_it_does_not() {
        let me = this_process();
        assert!(!is_gone(&me));
        if cfg!(target_os = "linux") {
            assert!(is_gone(&Actor { started: me.started ^ 1, ..me.clone() }));
            assert!(is_gone(&Actor { pid: u32::MAX, ..me }));
        }
    }
}
