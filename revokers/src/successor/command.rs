//! The standard input of a command: the way to every store that is not known here.
//!
//! The secret is written to the pipe and nowhere else; what the command prints is dropped, since it may print the secret. That it ends with
//! status 0 is its word that the secret is stored, and there is nothing else to check.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sha2::Digest as _;
use tokio::io::AsyncWriteExt as _;
use tokio::process;

use super::{Failure, Store};
use crate::credential::hex;
use crate::{Context, Doing};

/// A program with its arguments. No shell reads them.
#[derive(Debug)]
pub(super) struct Command {
    program: String,
    arguments: Vec<String>,
    /// Whether it took the value.
    done: AtomicBool,
}

impl Command {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let mut words = words(text).ok_or("a quotation mark is open")?;
        if words.is_empty() || words.first().is_some_and(String::is_empty) {
            return Err("the program is missing".to_owned());
        }
        let program = words.remove(0);
        Ok(Self { program, arguments: words, done: AtomicBool::new(false) })
    }
}

impl Store for Command {
    fn name(&self) -> String {
        // Arguments may hold what is not for every eye. What tells two commands apart, and says nothing of them, is a digest.
        if self.arguments.is_empty() {
            return format!("command `{}`", self.program);
        }
        let digest = hex(&sha2::Sha256::digest(self.arguments.join("\0").as_bytes()));
        format!("command `{}` ({})", self.program, digest.get(..8).unwrap_or_default())
    }

    fn ready<'a>(&'a self, _: &'a Context) -> Doing<'a, Result<(), Failure>> {
        // Where a bare name is looked for is the system's business.
        let there = !self.program.contains('/') || std::path::Path::new(&self.program).is_file();
        let missing = || Failure::not("there is no such program");
        Box::pin(std::future::ready(if there { Ok(()) } else { Err(missing()) }))
    }

    fn put<'a>(&'a self, cx: &'a Context, value: &'a str) -> Doing<'a, Result<(), Failure>> {
        Box::pin(async move {
            const PATIENCE: Duration = Duration::from_mins(2);
            // What a command calls, nobody knows.
            if cx.http.is_offline() {
                return Err(Failure::not("offline: no command is run"));
            }
            let mut child = process::Command::new(&self.program)
                .args(&self.arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()
                .map_err(|error| Failure::Not(format!("it cannot be started: {error}")))?;
            let run = async {
                let Some(mut input) = child.stdin.take() else { return Err(Failure::not("it has no standard input")) };
                let written = match input.write_all(value.as_bytes()).await {
                    Ok(()) => input.shutdown().await,
                    error => error,
                };
                drop(input);
                let status = child.wait().await.map_err(|error| Failure::Unknown(error.to_string()))?;
                match written {
                    // What it did before it failed, nobody knows.
                    _ if !status.success() => {
                        Err(Failure::Unknown(format!("it failed ({status}); what it says is not shown")))
                    }
                    Err(_) => Err(Failure::Unknown("it did not read all of its standard input".to_owned())),
                    Ok(()) => Ok(()),
                }
            };
            let late = || Err(Failure::Unknown("it took too long".to_owned()));
            tokio::time::timeout(PATIENCE, run).await.unwrap_or_else(|_| late())?;
            self.done.store(true, Ordering::Release);
            Ok(())
        })
    }

    fn holds<'a>(&'a self, _: &'a Context, _: &'a str) -> Doing<'a, Result<(), Failure>> {
        let done = self.done.load(Ordering::Acquire);
        let unknown = || Failure::Unknown("a command cannot be asked what it stored".to_owned());
        Box::pin(std::future::ready(if done { Ok(()) } else { Err(unknown()) }))
    }
}

/// Words between blanks; quotation marks of both kinds keep blanks together, and nothing else has a meaning. `None` if one is open.
fn words(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut mark = None;
    for letter in text.chars() {
        match (mark, letter) {
            (Some(open), _) if open == letter => mark = None,
            (None, '\'' | '"') => {
                mark = Some(letter);
                word.get_or_insert_default();
            }
            (None, _) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    mark.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_as_a_person_means_them() {
        let of = |text: &str| words(text).map(|words| words.join("|"));
        assert_eq!(of("pass insert  -e app").as_deref(), Some("pass|insert|-e|app"));
        assert_eq!(of("a 'b c' \"d'e\" '' f\\ g").as_deref(), Some("a|b c|d'e||f\\|g"));
        assert_eq!(of("a 'b"), None);
    }
}
