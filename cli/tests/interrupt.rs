//! Ctrl-C while stanch waits for what comes: it ends, says so, and leaves the terminal as it was.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use stanch_testkit::Sandbox;

use crate::{BINARY, token};

/// A command that waits for standard input.
fn waiting(sandbox: &Sandbox, words: &[&str], input: &str) -> Child {
    let mut command = sandbox.stanch(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}"));
    let stdin = child.stdin.as_mut().unwrap_or_else(|| panic!("no stdin"));
    stdin.write_all(input.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    child
}

/// Until a signal would not end it at once.
fn until_it_listens(child: &Child) {
    const INTERRUPT: u64 = 1 << 1;
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_mins(1) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let caught = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigCgt:")?.trim(), 16).ok());
        if caught.is_some_and(|caught| caught & INTERRUPT != 0) {
            // What was written before has come by then.
            std::thread::sleep(Duration::from_millis(300));
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it does not listen");
}

/// How it ends after Ctrl-C, though its input goes on.
fn interrupted(mut child: Child) -> (Option<i32>, String, String) {
    until_it_listens(&child);
    let told = Command::new("kill").arg("-INT").arg(child.id().to_string()).status();
    assert!(told.is_ok_and(|status| status.success()));
    let begun = Instant::now();
    let code = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status.code(),
            _ if begun.elapsed() > Duration::from_mins(1) => break None,
            _ => std::thread::sleep(Duration::from_millis(20)),
        }
    };
    let _ = child.kill();
    let read = |pipe: Option<&mut dyn Read>| {
        let mut text = String::new();
        pipe.map(|pipe| pipe.read_to_string(&mut text));
        text
    };
    let out = read(child.stdout.as_mut().map(|pipe| pipe as &mut dyn Read));
    let err = read(child.stderr.as_mut().map(|pipe| pipe as &mut dyn Read));
    let _ = child.wait();
    (code, out, err)
}

#[test]
fn a_stream_that_is_interrupted_is_not_called_clean() {
    let sandbox = Sandbox::new(BINARY);
    let (code, out, err) = interrupted(waiting(&sandbox, &["scan", "-"], "nothing here\n"));
    assert_eq!(code, Some(130), "{out}{err}");
    assert!(format!("{out}{err}").contains("interrupted"), "{out}{err}");
    // What came until then is scanned.
    let line = format!("TOKEN={}\n", token(60).secret());
    let (code, out, err) = interrupted(waiting(&sandbox, &["scan", "-"], &line));
    assert_eq!(code, Some(130), "{out}{err}");
    assert!(out.contains("GitHub"), "{out}{err}");
}

#[test]
fn findings_that_do_not_come_can_be_interrupted() {
    let sandbox = Sandbox::new(BINARY);
    for words in [&["verify", "-", "--offline"][..], &["plan", "-", "--offline"]] {
        let (code, out, err) = interrupted(waiting(&sandbox, words, "[]\n"));
        assert_eq!(code, Some(130), "{words:?}: {out}{err}");
        assert!(err.contains("interrupted"), "{words:?}: {out}{err}");
    }
}

#[test]
fn a_prompt_that_is_interrupted_leaves_the_terminal_as_it_was() {
    let sandbox = Sandbox::new(BINARY);
    let stanch = format!("{BINARY} verify --rule openrouter.api-key --offline");
    let mut command = sandbox.command("script");
    command.args(["-qefc", &format!("trap : INT; {stanch}; echo code=$?; stty -a"), "/dev/null"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}"));
    let (mut input, mut output) = child.stdin.take().zip(child.stdout.take()).unwrap_or_else(|| panic!("no pipes"));
    let mut shown = Vec::new();
    let mut byte = [0];
    while !String::from_utf8_lossy(&shown).contains("the secret") && output.read_exact(&mut byte).is_ok() {
        shown.extend(byte);
    }
    std::thread::sleep(Duration::from_millis(500));
    input.write_all(b"\x03").unwrap_or_else(|error| panic!("{error}"));
    output.read_to_end(&mut shown).unwrap_or_else(|error| panic!("{error}"));
    let _ = child.wait();
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains("code=130") && shown.contains("interrupted"), "{shown}");
    assert!(shown.contains(" echo ") && !shown.contains("-echo "), "{shown}");
}
