//! `stanch generate`: completions and the manual page.

use std::io::Write;

use clap::builder::PossibleValue;
use clap::{CommandFactory, ValueEnum};

use crate::args::{Args, GenerateArgs, GenerateCommand, Hook};
use crate::exit::{CliError, Exit};
use crate::shell::Shell;

/// One page: the program, then each verb in full.
fn manual(command: &mut clap::Command, text: &mut Vec<u8>) -> std::io::Result<()> {
    command.build();
    clap_mangen::Man::new(command.clone()).render(text)?;
    verbs(command, "stanch", text)
}

/// Each verb below a command, and each below that.
fn verbs(command: &clap::Command, above: &str, text: &mut Vec<u8>) -> std::io::Result<()> {
    for verb in command.get_subcommands().filter(|verb| verb.get_name() != "help" && !verb.is_hide_set()) {
        let name = format!("{above} {}", verb.get_name());
        let page = clap_mangen::Man::new(verb.clone());
        writeln!(text, ".SH \"{}\"", name.to_uppercase())?;
        page.render_synopsis_section(text)?;
        page.render_description_section(text)?;
        page.render_options_section(text)?;
        verbs(verb, &name, text)?;
    }
    Ok(())
}

/// Completions for bash offer hidden values of arguments without a name, so these are taken out.
fn without_hidden(command: clap::Command) -> clap::Command {
    let with_shown = |argument: clap::Arg| {
        if argument.get_id() == "hook" { argument.value_parser(shown::<Hook>()) } else { argument }
    };
    command.mut_subcommands(|verb| verb.mut_subcommands(|below| below.mut_args(with_shown)))
}

/// The names that help tells.
fn shown<T: ValueEnum>() -> Vec<PossibleValue> {
    let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
    values.filter(|value| !value.is_hide_set()).collect()
}

pub(crate) fn run(args: &GenerateArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let mut command = without_hidden(Args::command());
    let mut text = Vec::new();
    match args.command {
        GenerateCommand::Completions { shell } => clap_complete::generate(shell, &mut command, "stanch", &mut text),
        GenerateCommand::Man => manual(&mut command, &mut text)?,
    }
    shell.stdout().write_all(&text)?;
    Ok(Exit::Clean)
}
