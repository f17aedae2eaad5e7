//! The command line.

use std::path::{Path, PathBuf};

use clap::{Args as Group, Parser, Subcommand};
use stanch_benches::{Case, folder};

/// Measures stanch, beside others
#[derive(Debug, Parser)]
#[command(name = "stanch-benches")]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Get the corpora (all, or those named) into target/corpora
    Fetch {
        /// With the whole history of those whose history is measured
        #[arg(long)]
        history: bool,
        /// Which; all of them unless said
        names: Vec<String>,
    },
    /// Everything that is kept, in one sitting: record, growth, compare, chart
    Measure {
        #[command(flatten)]
        setup: SetupArgs,
        #[command(flatten)]
        compared: ComparedArgs,
    },
    /// Measure the engine on the reference corpus
    Record {
        /// A release build of stanch, whose start is measured too
        stanch: Option<PathBuf>,
    },
    /// Run whole processes beside others, in rounds
    Compare {
        #[command(flatten)]
        setup: SetupArgs,
        #[command(flatten)]
        compared: ComparedArgs,
    },
    /// Measure histories and rule sets that grow
    Growth {
        #[command(flatten)]
        setup: SetupArgs,
        /// How often each is measured
        #[arg(long, default_value_t = 3)]
        rounds: usize,
    },
    /// Measure how long `stanch serve` takes until credentials are dead, at providers on loopback
    Response {
        /// A release build of stanch [default: the one beside this program]
        #[arg(long)]
        stanch: Option<PathBuf>,
        /// How many credentials leak at once
        #[arg(long, default_value_t = 1000)]
        incidents: usize,
        /// How many reports are on their way at a time
        #[arg(long, default_value_t = 64)]
        clients: usize,
        /// How often all of it is done
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// How many pushes follow each other
        #[arg(long, default_value_t = 20)]
        pushes: usize,
        /// Only credentials of this kind, or `push` (can be repeated)
        #[arg(long)]
        only: Vec<String>,
        /// Print only, keep nothing
        #[arg(long)]
        dry: bool,
    },
    /// Draw a record of `compare`
    Chart {
        /// Which; the newest unless said
        record: Option<PathBuf>,
        /// Where to
        #[arg(short, long, default_value_os_t = chart_file())]
        output: PathBuf,
    },
    /// Count instructions with callgrind and hold them to benches/instructions.toml
    Instructions {
        /// A release build of stanch
        stanch: PathBuf,
        /// Where inputs are put
        #[arg(long, default_value_os_t = below_target("instructions"))]
        work: PathBuf,
        /// Make the budgets anew of what is counted
        #[arg(long)]
        write: bool,
    },
}

/// Where things stand.
#[derive(Debug, Group)]
pub(crate) struct SetupArgs {
    /// A release build of stanch [default: the one beside this program]
    #[arg(long)]
    pub(crate) stanch: Option<PathBuf>,
    /// The folder of the corpora
    #[arg(long, default_value_os_t = folder())]
    pub(crate) corpora: PathBuf,
    /// A folder for what is made of them; it may be removed at any time
    #[arg(long, default_value_os_t = below_target("benches"))]
    pub(crate) work: PathBuf,
    /// Where a program stands that is compared with, as NAME=PATH; others are looked for on the path (can be repeated)
    #[arg(long = "peer", value_name = "NAME=PATH", value_parser = named)]
    pub(crate) peers: Vec<(String, PathBuf)>,
}

/// What is compared, and how often.
#[derive(Debug, Group)]
pub(crate) struct ComparedArgs {
    /// Only this case (can be repeated): start, staged, tree, file, history-uv, history-git, state
    #[arg(long, value_name = "CASE", value_parser = case)]
    pub(crate) only: Vec<Case>,
    /// So many rounds [default: 5 to 50, the shorter a case the more]
    #[arg(long)]
    pub(crate) rounds: Option<usize>,
    /// End others that take longer
    #[arg(long, value_name = "SECONDS", default_value_t = stanch_benches::LIMIT.as_secs())]
    pub(crate) limit: u64,
    /// Print only, keep nothing
    #[arg(long)]
    pub(crate) dry: bool,
}

/// Where the chart of the README stands.
pub(crate) fn chart_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/speed.svg")
}

fn below_target(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target").join(name)
}

fn named(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("it is written NAME=PATH")?;
    let known: Vec<&str> = stanch_benches::Peer::ALL.iter().map(|peer| peer.program()).collect();
    if !known.contains(&name) {
        return Err(format!("there are: {}", known.join(", ")));
    }
    Ok((name.to_owned(), path.into()))
}

fn case(text: &str) -> Result<Case, String> {
    let found = Case::ALL.into_iter().find(|case| case.name() == text);
    found.ok_or_else(|| format!("there are: {}", Case::ALL.map(Case::name).join(", ")))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Args::command().debug_assert();
        let words = ["x", "compare", "--only", "tree", "--peer", "kingfisher=/a=b"];
        let Ok(Args { verb: Verb::Compare { setup, compared } }) = Args::try_parse_from(words) else {
            panic!("it is a comparison")
        };
        assert_eq!(setup.peers, [("kingfisher".to_owned(), PathBuf::from("/a=b"))]);
        assert_eq!(compared.only, [Case::Tree]);
        assert!(named("other=/x").is_err() && named("rg").is_err() && case("x").is_err());
    }
}
