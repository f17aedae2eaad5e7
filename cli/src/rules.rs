//! The rules of a run: built-in, the user's, and what `--only` and `--skip` leave of them.

use std::path::{Path, PathBuf};
use std::{fs, io};

use stanch_rules::{LoadError, Rule, RuleSet, load};

use crate::args::RuleArgs;
use crate::exit::CliError;
use crate::shell::Shell;

/// The built-in rules and those of `--rules`, filtered.
pub(crate) fn selected(args: &RuleArgs, shell: &Shell) -> Result<RuleSet, CliError> {
    let mut rules = RuleSet::builtin();
    if !args.rules.is_empty() {
        let given = given(&args.rules, &rules).map_err(|error| error.for_people(shell))?;
        rules = rules.with(given);
    }
    for id in args.only.iter().chain(&args.skip) {
        if !rules.iter().any(|rule| covers(id, rule)) {
            return Err(CliError::new(format!("no rule `{id}`"))
                .hint("`stanch rules list` shows the ids; a provider's name stands for all its rules"));
        }
    }
    let wanted = |rule: &Rule| args.only.is_empty() || args.only.iter().any(|id| covers(id, rule));
    Ok(rules.filtered(|rule| wanted(rule) && !args.skip.iter().any(|id| covers(id, rule))))
}

/// Whether the id is the rule's, or its provider's.
fn covers(id: &str, rule: &Rule) -> bool {
    rule.id == id || rule.provider == id
}

/// Rule files that cannot be used.
pub(crate) enum GivenError {
    Read(PathBuf, io::Error),
    Load(Vec<LoadError>),
}

impl GivenError {
    pub(crate) fn for_people(self, shell: &Shell) -> CliError {
        match self {
            Self::Read(path, error) => CliError::new(format!("cannot read the rules at `{}`: {error}", path.display())),
            Self::Load(errors) => {
                let drawn: Vec<String> = errors.iter().map(|error| error.render(shell.colours_stderr())).collect();
                let names: Vec<String> = errors.iter().map(ToString::to_string).collect();
                CliError::new(names.join("; "))
                    .drawing(drawn.join("\n\n"))
                    .hint("`docs/rule-format.md` describes the format")
            }
        }
    }
}

/// The rules of the given files and folders. All files are read, so that all mistakes are told.
pub(crate) fn given(paths: &[PathBuf], known: &RuleSet) -> Result<Vec<Rule>, GivenError> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        for file in files(path).map_err(|error| GivenError::Read(path.clone(), error))? {
            let text = fs::read_to_string(&file).map_err(|error| GivenError::Read(file.clone(), error))?;
            let beside = known.clone().with(rules.clone());
            match load(&file.to_string_lossy(), &text, &beside) {
                Ok(found) => rules.extend(found),
                Err(error) => errors.push(error),
            }
        }
    }
    if errors.is_empty() { Ok(rules) } else { Err(GivenError::Load(errors)) }
}

/// A file, or the `*.toml` of a folder in order of name.
pub(crate) fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files: Vec<PathBuf> = fs::read_dir(path)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files)
}
