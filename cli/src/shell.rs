//! The terminal: stdout is data, stderr is talk.

use std::io::{IsTerminal, Write};
use std::panic::PanicHookInfo;

use anstyle::{AnsiColor, Style};
use stanch_rules::RuleSet;
use stanch_scanner::Engine;

use crate::args::{Args, Command, When};
use crate::env;
use crate::log;
use crate::report::Redactor;

/// Talk on stderr: errors, warnings, hints.
pub(crate) struct Shell {
    quiet: bool,
    verbose: u8,
    err: anstream::AutoStream<std::io::Stderr>,
    colour: anstream::ColorChoice,
}

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

impl Shell {
    pub(crate) fn new(args: &Args) -> Self {
        let colour = match args.global.color {
            When::Auto if env::get(env::NO_COLOR).is_some() => anstream::ColorChoice::Never,
            When::Auto => anstream::ColorChoice::Auto,
            When::Always => anstream::ColorChoice::Always,
            When::Never => anstream::ColorChoice::Never,
        };
        Self {
            quiet: args.global.quiet,
            verbose: args.global.verbose,
            err: anstream::AutoStream::new(std::io::stderr(), colour),
            colour,
        }
    }

    /// How much is told of what goes on inside.
    pub(crate) fn level(&self) -> tracing::Level {
        log::level(self.verbose)
    }

    /// Another voice to the same ears, for what goes on beside.
    pub(crate) fn twin(&self) -> Self {
        Self {
            quiet: self.quiet,
            verbose: self.verbose,
            err: anstream::AutoStream::new(std::io::stderr(), self.colour),
            colour: self.colour,
        }
    }

    /// Standard output, which drops colours where they do not belong.
    pub(crate) fn stdout(&self) -> anstream::AutoStream<std::io::Stdout> {
        anstream::AutoStream::new(std::io::stdout(), self.colour)
    }

    /// Whether standard output may be coloured.
    pub(crate) fn colours_stdout(&self) -> bool {
        self.stdout().current_choice() != anstream::ColorChoice::Never
    }

    /// Whether what goes to stderr may be coloured.
    pub(crate) fn colours_stderr(&self) -> bool {
        self.err.current_choice() != anstream::ColorChoice::Never
    }

    /// Whether stderr is a terminal and not told to be quiet.
    pub(crate) fn shows_progress(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    pub(crate) fn error(&mut self, text: &str) {
        self.say(ERROR, "error", text);
    }

    pub(crate) fn warning(&mut self, text: &str) {
        if !self.quiet {
            self.say(WARNING, "warning", text);
        }
    }

    pub(crate) fn hint(&mut self, text: &str) {
        self.say(HINT, "hint", text);
    }

    /// Lines of talk without a label.
    pub(crate) fn note(&mut self, text: &str) {
        for line in text.lines() {
            let line = redacted(line);
            // Nobody is left to tell if stderr is closed.
            let _ = writeln!(self.err, "{line}");
        }
    }

    /// A drawing with colours of its own.
    pub(crate) fn drawing(&mut self, text: &str) {
        let text = hidden(text);
        let _ = writeln!(self.err, "{text}");
    }

    fn say(&mut self, style: Style, label: &str, text: &str) {
        let text = redacted(text);
        let _ = writeln!(self.err, "{style}{label}{style:#}: {text}");
    }
}

/// What may be said: arguments, paths and other people's error messages can hold a secret.
pub(crate) fn redacted(text: &str) -> String {
    Redactor::new(&Engine::new(RuleSet::builtin()), &[]).redact(text).into_owned()
}

/// As [`redacted`], for text with terminal colours in it.
pub(crate) fn hidden(text: &str) -> String {
    Redactor::new(&Engine::new(RuleSet::builtin()), &[]).hide(text).into_owned()
}

/// The columns of the terminal, or of a page.
pub(crate) fn width() -> usize {
    const PAGE: usize = 100;
    let told = env::get(env::COLUMNS).and_then(|columns| columns.to_str()?.parse().ok());
    let asked = || terminal_size::terminal_size().map(|(terminal_size::Width(columns), _)| usize::from(columns));
    told.or_else(asked).unwrap_or(PAGE).clamp(40, 200)
}

/// A panic is a bug. Its message may quote what was scanned, so only its place is told.
pub(crate) fn hide_panics() {
    std::panic::set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let place =
            info.location().map_or_else(|| "an unknown place".to_owned(), |at| format!("{}:{}", at.file(), at.line()));
        let _ = writeln!(
            std::io::stderr(),
            "error: stanch met a bug of its own at {place}; nothing scanned is shown here, please report it"
        );
    }));
}

/// Logging to stderr, from warnings up to traces as `-v` is repeated.
pub(crate) fn start_logging(args: &Args) {
    let serve = if let Command::Serve(serve) = &args.command { Some(serve) } else { None };
    // A server begins it by itself, when it has read where else to tell it.
    let later = serve.is_some_and(|serve| serve.command.is_none());
    if !later && (args.global.verbose > 0 || serve.is_some()) {
        log::start(log::level(args.global.verbose));
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::hide_panics;
    use crate::env;

    /// The variable by which a test of another process is told to panic, and with which words.
    const WORDS: &str = "STANCH_TEST_PANIC";

    /// Panics as something that quotes what was scanned would, if it is run by the test below; passes otherwise.
    #[test]
    fn panics_if_told_to() {
        let Some(words) = env::get(WORDS) else { return };
        hide_panics();
        let worker = std::thread::spawn({
            let words = words.clone();
            move || panic!("in a thread: {}", words.display())
        });
        assert!(worker.join().is_err());
        panic!("{}", words.display());
    }

    #[test]
    fn a_panic_tells_its_place_and_nothing_else() {
        let words = "quoted-from-a-file-9f2c";
        let itself = std::env::current_exe().unwrap_or_else(|error| panic!("{error}"));
        let ended = Command::new(itself)
            .args(["--exact", "shell::tests::panics_if_told_to", "--nocapture"])
            .env(WORDS, words)
            .output()
            .unwrap_or_else(|error| panic!("{error}"));
        let written = [ended.stdout, ended.stderr].concat();
        let written = String::from_utf8_lossy(&written);
        assert_eq!(written.matches("met a bug of its own at").count(), 2, "{written}");
        assert!(!ended.status.success() && !written.contains(words), "{written}");
    }
}
