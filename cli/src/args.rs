//! The command line, as the user types it. Its doc comments are the help.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Finds leaked credentials in folders, staged changes and streams
#[derive(Debug, Parser)]
#[command(name = "stanch", version, propagate_version = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every verb.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
    /// Say less: no progress, no warnings
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Log what is done, to stderr (can be repeated)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// If the output is a terminal
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show and check what is looked for
    Rules(RulesArgs),
    /// Write completions or the manual page to standard output
    Generate(GenerateArgs),
}

/// Which rules are used.
#[derive(Debug, clap::Args)]
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
    /// Check rules: yours if given, else the built-in ones
    Check {
        /// A file, or a folder of *.toml (can be repeated)
        #[arg(long = "rules", value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Run the cases of the rules
    Test {
        #[command(flatten)]
        rules: RuleArgs,
        /// Run the cases of the rules given with --rules only, beside all the others
        #[arg(long, requires = "rules")]
        only_given: bool,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct GenerateArgs {
    #[command(subcommand)]
    pub(crate) command: GenerateCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GenerateCommand {
    /// Completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// The manual page
    Man,
}
