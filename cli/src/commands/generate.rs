//! `stanch generate`: completions and the manual page.

use std::io::Write;

use clap::CommandFactory;

use crate::args::{Args, GenerateArgs, GenerateCommand};
use crate::exit::{CliError, Exit};
use crate::shell::Shell;

/// One page: the program, then each verb in full.
fn manual(command: &mut clap::Command, text: &mut Vec<u8>) -> std::io::Result<()> {
    command.build();
    clap_mangen::Man::new(command.clone()).render(text)?;
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help") {
        let name = format!("stanch {}", verb.get_name());
        let page = clap_mangen::Man::new(verb.clone());
        writeln!(text, ".SH \"{}\"", name.to_uppercase())?;
        page.render_synopsis_section(text)?;
        page.render_description_section(text)?;
        page.render_options_section(text)?;
    }
    Ok(())
}

pub(crate) fn run(args: &GenerateArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let mut command = Args::command();
    let mut text = Vec::new();
    match args.command {
        GenerateCommand::Completions { shell } => clap_complete::generate(shell, &mut command, "stanch", &mut text),
        GenerateCommand::Man => manual(&mut command, &mut text)?,
    }
    shell.stdout().write_all(&text)?;
    Ok(Exit::Clean)
}
