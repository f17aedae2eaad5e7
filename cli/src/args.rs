//! The command line, as the user types it. Its doc comments are the help.

mod find;
mod pipeline;
mod respond;

use clap::{Parser, Subcommand, ValueEnum};

use crate::shell::Shell;

pub(crate) use find::{
    ExitCodes, ExplainArgs, FailOn, Hook, HookArgs, HookCommand, IgnoreArgs, RuleArgs, RulesArgs, RulesCommand,
    ScanArgs, TargetArgs,
};
pub(crate) use pipeline::{
    ApplyArgs, AuditArgs, AuditCommand, DeciderArgs, ExportFormat, IncidentArgs, IncidentCommand, OneIncidentArgs,
    PlanArgs, PolicyArgs, PolicyCommand, Reach, ServeArgs, ServeCommand, StoreArgs, TokenCommand,
};
pub(crate) use respond::{
    AnswerFormat, ProvidersArgs, ProvidersCommand, RespondersArgs, RespondersCommand, ResponseArgs, RevokeArgs,
    RotateArgs, SecretArgs, VerifyArgs,
};

/// Finds leaked credentials in git history, folders, staged changes and streams
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

impl When {
    /// Whether progress is shown.
    pub(crate) fn shows(self, shell: &Shell) -> bool {
        match self {
            Self::Auto => shell.shows_progress(),
            Self::Always => true,
            Self::Never => false,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the whole loop on this machine alone: a key leaks, and dies
    Demo,
    /// Find leaked credentials
    Scan(ScanArgs),
    /// Say why a finding is believed, everywhere it stands
    Explain(ExplainArgs),
    /// Take responsibility for a credential, so that it counts no more
    Ignore(IgnoreArgs),
    /// Run as a hook of another program
    Hook(HookArgs),
    /// Ask providers which credentials are alive, and whose they are
    Verify(VerifyArgs),
    /// Make a credential dead at the provider that issued it
    Revoke(RevokeArgs),
    /// Replace a credential by a new one, and make the old one dead
    Rotate(RotateArgs),
    /// Say exactly what would be done about findings, and change nothing
    Plan(PlanArgs),
    /// Do what a plan says
    Apply(ApplyArgs),
    /// Show and lead the incidents of this machine
    Incident(IncidentArgs),
    /// Show, verify and export the log of everything that was done
    Audit(AuditArgs),
    /// Run the pipeline without hands: webhooks, the interface for programs, the console
    Serve(ServeArgs),
    /// Show which kinds of credentials can be verified and revoked, and which hosts are called for it
    Providers(ProvidersArgs),
    /// Test the configured credentials that may revoke others
    Responders(RespondersArgs),
    /// Show and check what is looked for
    Rules(RulesArgs),
    /// Check, test and explain the policies that decide what is done about a leak
    Policy(PolicyArgs),
    /// Write completions or the manual page to standard output
    Generate(GenerateArgs),
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
