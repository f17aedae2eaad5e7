//! What finds leaks: scans, what is said of a finding, hooks, rules.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use stanch_model::Confidence;

use super::{ResponseArgs, When};
use crate::report::Format;

/// What is scanned, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct TargetArgs {
    /// Folders, repositories (with their history), git URLs or files; `-` is standard input [default: the current folder]
    #[arg(value_name = "TARGET")]
    targets: Vec<PathBuf>,
    /// What is staged for the next commit, in place of the working tree
    #[arg(long)]
    pub(crate) staged: bool,
    /// What the commits of a range add: those that B has and A has not
    #[arg(long, value_name = "A..B", conflicts_with_all = ["staged", "since", "branch", "exclude"])]
    pub(crate) range: Option<String>,
    /// What commits add since a revision or a date, on all branches unless --branch says which
    #[arg(long, value_name = "REF|DATE", conflicts_with_all = ["staged", "exclude"])]
    pub(crate) since: Option<String>,
    /// The commits of this branch only
    #[arg(long, value_name = "B", conflicts_with_all = ["staged", "no_history"])]
    pub(crate) branch: Option<String>,
    /// The files of a repository only, without what git holds
    #[arg(long, conflicts_with_all = ["staged", "range", "since"])]
    pub(crate) no_history: bool,
    /// What git holds only, without the files of the working tree
    #[arg(long, conflicts_with_all = ["staged", "no_history"])]
    pub(crate) history_only: bool,
    /// Memory for the objects of a repository while they are decoded
    #[arg(long, value_name = "MIB", default_value = "1024", hide_short_help = true)]
    pub(crate) memory: NonZeroU32,
    /// Keep in DIR what was learned of repositories, so that the next scan looks only at what is new
    #[arg(long, value_name = "DIR", conflicts_with_all = ["staged", "range", "since", "no_history"])]
    pub(crate) state: Option<PathBuf>,
    /// Leave out what matches, written as in .gitignore (can be repeated)
    #[arg(long, value_name = "GLOB", conflicts_with = "staged")]
    pub(crate) exclude: Vec<String>,
    /// Threads [default: one a core]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// When to show progress
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(crate) progress: When,
}

impl TargetArgs {
    /// The targets; the current folder if none is named.
    pub(crate) fn targets(&self) -> Vec<PathBuf> {
        if self.targets.is_empty() { vec![PathBuf::from(".")] } else { self.targets.clone() }
    }

    /// Whether it is about what git holds, and not about the files of the target.
    pub(crate) fn of_git(&self) -> bool {
        self.staged || self.range.is_some() || self.since.is_some() || self.branch.is_some()
    }

    /// How many threads work.
    pub(crate) fn jobs(&self) -> usize {
        self.jobs.or_else(|| std::thread::available_parallelism().ok()).map_or(1, NonZeroUsize::get)
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct ScanArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// How to report (can be repeated, each with its -o)
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Vec<Format>,
    /// Where to write the report: the first -o belongs to the first --format
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Report findings of this confidence and more
    #[arg(long, value_name = "LEVEL", default_value = "medium", value_parser = confidence())]
    pub(crate) min_confidence: Confidence,
    /// Which findings make the exit code 1
    #[arg(long, value_name = "WHICH", default_value = "any")]
    pub(crate) fail_on: FailOn,
    /// Credentials that this baseline knows do not count
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write a baseline of what is found
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,
    /// Write what `git filter-repo` needs to take the secrets out of the history; FILE holds them in clear
    #[arg(long, value_name = "FILE", conflicts_with = "staged")]
    pub(crate) cleanup: Option<PathBuf>,
    /// Fail also if something was left out by design
    #[arg(long)]
    pub(crate) strict: bool,
    /// Ask the providers which findings are alive
    #[arg(long)]
    pub(crate) verify: bool,
    #[command(flatten)]
    pub(crate) response: ResponseArgs,
    /// Show the secrets in clear in the reports
    #[arg(long)]
    pub(crate) reveal: bool,
    /// Exit as another scanner does
    #[arg(long, value_name = "SCANNER")]
    pub(crate) exit_codes: Option<ExitCodes>,
}

/// Which findings count for the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOn {
    /// Every finding that is not suppressed
    Any,
    /// Those of high confidence
    High,
    /// Those that a provider calls alive; needs --verify
    Verified,
    /// Those that the baseline does not know
    New,
}

/// Scanners whose exit codes can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExitCodes {
    /// 1 for findings and for errors
    Gitleaks,
    /// 183 for findings, 1 for errors
    Trufflehog,
    /// 200 for findings, 1 for errors
    Kingfisher,
}

fn confidence() -> impl clap::builder::TypedValueParser<Value = Confidence> {
    use clap::builder::TypedValueParser;
    clap::builder::PossibleValuesParser::new(Confidence::ALL.iter().map(|c| c.as_str()))
        .map(|word| word.parse().unwrap_or(Confidence::Medium))
}

#[derive(Debug, clap::Args)]
pub(crate) struct ExplainArgs {
    /// The finding's fingerprint, or its first six and more digits
    #[arg(value_name = "FINGERPRINT")]
    pub(crate) fingerprint: String,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct IgnoreArgs {
    /// The finding's fingerprint, or its first six and more digits
    #[arg(value_name = "FINGERPRINT")]
    pub(crate) fingerprint: String,
    /// Why it is no danger
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Who answers for it
    #[arg(long, value_name = "NAME")]
    pub(crate) owner: Option<String>,
    /// The last day on which it holds, YYYY-MM-DD
    #[arg(long, value_name = "DATE")]
    pub(crate) expires: Option<jiff::civil::Date>,
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct HookArgs {
    #[command(subcommand)]
    pub(crate) command: HookCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HookCommand {
    /// Run as a hook
    Run {
        /// Of which program
        hook: Hook,
        /// The files that the program names
        files: Vec<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Hook {
    /// Of git or pre-commit, before a commit
    PreCommit,
    /// Of the action in action.yml
    #[value(hide = true)]
    GithubAction,
}

/// Which rules are used.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct RuleArgs {
    /// Rules of your own: a file, or a folder of *.toml (can be repeated)
    #[arg(long, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// Only this rule, or this provider's rules (can be repeated)
    #[arg(long, value_name = "ID")]
    pub(crate) only: Vec<String>,
    /// Not this rule, or this provider's rules (can be repeated)
    #[arg(long, value_name = "ID")]
    pub(crate) skip: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct RulesArgs {
    #[command(subcommand)]
    pub(crate) command: RulesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// List the rules
    List {
        #[command(flatten)]
        rules: RuleArgs,
        /// List the offline checks that rules may name
        #[arg(long)]
        checks: bool,
    },
    /// Show one rule in full
    Show {
        /// Its id
        id: String,
        #[command(flatten)]
        rules: RuleArgs,
    },
    /// Check rules and provider files: yours if given, else the built-in ones
    Check {
        /// Files of rules, or folders of *.toml
        #[arg(value_name = "PATH")]
        files: Vec<PathBuf>,
        /// The same (can be repeated)
        #[arg(long = "rules", value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// A provider's file, as revokers have them, or a folder of *.toml (can be repeated)
        #[arg(long, value_name = "PATH")]
        providers: Vec<PathBuf>,
        /// Check them without the built-in rules beside them
        #[arg(long)]
        alone: bool,
    },
    /// Run the cases of the rules
    Test {
        /// Files of rules, or folders of *.toml: only their cases are run
        #[arg(value_name = "PATH")]
        files: Vec<PathBuf>,
        #[command(flatten)]
        rules: RuleArgs,
        /// Run the cases of the rules given with --rules only, beside all the others
        #[arg(long, requires = "rules")]
        only_given: bool,
        /// Use the given rules without the built-in ones
        #[arg(long)]
        alone: bool,
    },
}
