//! `stanch generate`: completions and the manual page.

use std::io::Write;

use clap::CommandFactory;

use crate::args::{Args, GenerateArgs, GenerateCommand};
use crate::exit::{CliError, Exit};
use crate::shell::Shell;

pub(crate) fn run(args: &GenerateArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let mut command = Args::command();
    let mut text = Vec::new();
    match args.command {
        GenerateCommand::Completions { shell } => clap_complete::generate(shell, &mut command, "stanch", &mut text),
        GenerateCommand::Man => clap_mangen::Man::new(command).render(&mut text)?,
    }
    shell.stdout().write_all(&text)?;
    Ok(Exit::Clean)
}
