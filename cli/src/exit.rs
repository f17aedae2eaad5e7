//! How a run ends: its exit code, and what is said of an error. `docs/exit-codes.md` documents the codes.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use crate::env;
use crate::shell::{Shell, hidden};

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Nothing found that counts.
    Clean,
    /// Findings that `--fail-on` counts.
    Findings,
    /// A revocation is incomplete.
    Incomplete,
    /// Something failed; wins over the others, since an unread input is never clean.
    Failed,
    /// Ended by Ctrl-C.
    Interrupted,
    /// Another scanner's code, asked for with `--exit-codes`.
    Other(u8),
}

impl Exit {
    /// The code that the process ends with.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Findings => 1,
            Self::Failed => 2,
            Self::Incomplete => 3,
            Self::Interrupted => 130,
            Self::Other(code) => code,
        }
    }
}

/// An error at the wall of the program: a message for people, and how to mend it.
#[derive(Debug)]
pub(crate) struct CliError {
    message: String,
    hints: Vec<String>,
    /// Already drawn for the terminal, under the message.
    drawing: Option<String>,
    /// The reader of our output has gone: that is success.
    closed_pipe: bool,
    exit: Exit,
}

impl CliError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), drawing: None, closed_pipe: false, exit: Exit::Failed }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same error with its message in other words.
    pub(crate) fn map(self, words: impl FnOnce(&str) -> String) -> Self {
        Self { message: words(&self.message), ..self }
    }

    /// The same error with another exit code.
    pub(crate) fn exits_with(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    pub(crate) fn drawing(mut self, drawing: String) -> Self {
        self.drawing = Some(drawing);
        self
    }

    /// Says what went wrong, and how to mend it.
    pub(crate) fn tell(&self, shell: &mut Shell) -> Exit {
        shell.error(&self.message);
        if let Some(drawing) = &self.drawing {
            shell.drawing(drawing);
        }
        self.hints.iter().for_each(|hint| shell.hint(hint));
        self.exit
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Errors of writing our output.
impl From<std::io::Error> for CliError {
    fn from(error: std::io::Error) -> Self {
        let closed_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
        Self { closed_pipe, ..Self::new(format!("cannot write: {error}")) }
    }
}

/// Says what went wrong and gives the exit code.
pub(crate) fn report(outcome: Result<Exit, CliError>, shell: &mut Shell) -> ExitCode {
    let exit = match outcome {
        Ok(exit) => exit,
        Err(error) if error.closed_pipe => Exit::Clean,
        Err(error) => error.tell(shell),
    };
    ExitCode::from(exit.code())
}

/// Prints help, or what is wrong with the command line. Help and version are success; bad usage failed.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // A closed pipe while help is printed is no failure either.
        let _ = error.print();
        return ExitCode::from(Exit::Clean.code());
    }
    // It quotes what was typed, which may be a secret.
    let colours = std::io::stderr().is_terminal() && env::get(env::NO_COLOR).is_none();
    let text = error.render();
    let text = hidden(&if colours { text.ansi().to_string() } else { text.to_string() });
    let _ = write!(std::io::stderr(), "{text}");
    ExitCode::from(Exit::Failed.code())
}
