//! Reads policies, and refuses what the schema does not know.

use std::fmt;
use std::path::{Path, PathBuf};

use cedar_policy::{
    ActionConstraint, Effect, EntityUid, Policy as Cedar, PolicyId, PolicySet, ValidationMode, Validator,
};
use miette::Diagnostic;
use serde::Serialize;

use super::request::RULES;
use super::set::{Policies, Policy};
use super::terms::Terms;

/// One mistake in a file of policies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Defect {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// How to mend it, if that is known.
    pub hint: Option<String>,
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, " ({hint})"))
    }
}

/// Why policies are not loaded. None of a set is used if one of them is wrong.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file is wrong. There is at least one defect.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Wrong(Vec<Defect>),
}

impl LoadError {
    /// The mistakes, if it is these.
    pub fn defects(&self) -> &[Defect] {
        match self {
            Self::Read { .. } => &[],
            Self::Wrong(defects) => defects,
        }
    }
}

impl Policies {
    /// Reads the text of one file, which is called `name` for people.
    ///
    /// # Errors
    /// All mistakes of the text.
    pub fn parse(text: &str, name: &str) -> Result<Self, LoadError> {
        Self::default().with(text, name)
    }

    /// Reads files, in order.
    ///
    /// # Errors
    /// If one cannot be read, or all mistakes of the first that has any.
    pub fn load(paths: &[impl AsRef<Path>]) -> Result<Self, LoadError> {
        paths.iter().try_fold(Self::default(), |all, path| all.with_file(path.as_ref()))
    }

    /// The same policies and those of a file.
    ///
    /// # Errors
    /// As for [`Policies::load`].
    pub fn with_file(self, path: &Path) -> Result<Self, LoadError> {
        let read = std::fs::read_to_string(path);
        let text = read.map_err(|source| LoadError::Read { path: path.to_path_buf(), source })?;
        self.with(&text, &path.display().to_string())
    }

    /// The same policies and those of a text.
    ///
    /// # Errors
    /// As for [`Policies::parse`]; also if an `@id` is taken.
    pub fn with(self, text: &str, name: &str) -> Result<Self, LoadError> {
        let mut reader = Reader { file: File { name, text }, all: self, defects: Vec::new() };
        reader.read();
        if reader.defects.is_empty() { Ok(reader.all) } else { Err(LoadError::Wrong(reader.defects)) }
    }
}

/// The text of a file, in which places are found.
struct File<'a> {
    name: &'a str,
    text: &'a str,
}

impl File<'_> {
    fn defect(&self, offset: usize, message: String, hint: Option<String>) -> Defect {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let column = before.rsplit('\n').next().map_or(0, |line| line.chars().count()) + 1;
        let line = before.matches('\n').count() + 1;
        Defect { file: self.name.to_owned(), line, column, message, hint }
    }

    /// What Cedar says, at the place that it means.
    fn told(&self, said: &(impl Diagnostic + ?Sized), otherwise: usize) -> Defect {
        let place = said.labels().and_then(|mut labels| labels.next()).map_or(otherwise, |label| label.offset());
        self.defect(place, unnumbered(&said.to_string()), said.help().map(|help| unnumbered(&help.to_string())))
    }
}

/// Cedar names policies by their number; the place says which it is.
fn unnumbered(message: &str) -> String {
    let cut = message.split_once("for policy `policy").and_then(|(head, rest)| Some((head, rest.split_once('`')?.1)));
    cut.map_or_else(|| message.to_owned(), |(head, tail)| format!("{head}{}", tail.trim_start_matches([',', ':', ' '])))
}

/// Takes the policies of one file into a set.
struct Reader<'a> {
    file: File<'a>,
    all: Policies,
    defects: Vec<Defect>,
}

impl Reader<'_> {
    fn read(&mut self) {
        let parsed: PolicySet = match self.file.text.parse() {
            Ok(parsed) => parsed,
            Err(errors) => {
                self.defects.extend(errors.iter().map(|error| self.file.told(error, 0)));
                return;
            }
        };
        for template in parsed.templates() {
            let message = "a policy with a slot is a template, which is not used here".to_owned();
            let place = self.file.text.find(&template.to_cedar()).unwrap_or(0);
            self.defects.push(self.file.defect(place, message, None));
        }
        self.validate(&parsed);
        let mut from = 0;
        for policy in in_order(&parsed) {
            // Cedar keeps the text of each; what is alike is told apart by its order.
            let text = policy.to_cedar().unwrap_or_default();
            let place = self.file.text.get(from..).and_then(|rest| rest.find(&text)).map_or(from, |at| from + at);
            from = place + text.len();
            match self.policy(policy, place) {
                Ok(known) => self.take(policy, known),
                Err(defect) => self.defects.push(defect),
            }
        }
    }

    fn validate(&mut self, parsed: &PolicySet) {
        let result = Validator::new(RULES.clone()).validate(parsed, ValidationMode::Strict);
        self.defects.extend(result.validation_errors().map(|error| self.file.told(error, 0)));
        // Cedar warns of what cannot be meant: a condition that never holds, letters that look like others.
        self.defects.extend(result.validation_warnings().map(|warning| self.file.told(warning, 0)));
    }

    /// What its annotations and its head say.
    fn policy(&self, policy: &Cedar, place: usize) -> Result<Policy, Defect> {
        let wrong = |message: &str, hint: &str| self.file.defect(place, message.to_owned(), Some(hint.to_owned()));
        let id = policy.annotation("id").unwrap_or_default();
        if !is_id(id) {
            return Err(wrong(
                "a policy without a name",
                "write @id(\"set.name\") before it: letters, digits, `.`, `-`, `_`",
            ));
        }
        let why = policy.annotation("why").map(str::trim).unwrap_or_default();
        if why.is_empty() {
            return Err(wrong(
                "a policy that does not say why",
                "write @why(\"…\") before it; people who are asked read it",
            ));
        }
        if let Some(other) = self.all.known.get(id) {
            let message = format!("`{id}` is the name of another policy, at {}:{}", other.file, other.line);
            return Err(self.file.defect(place, message, None));
        }
        let terms = Terms::of(policy.annotations()).map_err(|error| {
            let hint = "known are @id, @why, @approvals, @approvers, @wait and @approval_lasts";
            self.file.defect(place, error.to_string(), Some(hint.to_owned()))
        })?;
        let forbids = policy.effect() == Effect::Forbid;
        let actions = actions(&policy.action_constraint());
        if forbids && actions.iter().any(|action| action == "ask") {
            return Err(wrong(
                "asking cannot be forbidden",
                "forbid `act`; people are asked where nothing is permitted",
            ));
        }
        let line = self.file.defect(place, String::new(), None).line;
        let (id, why) = (id.to_owned(), why.to_owned());
        Ok(Policy { id, why, forbids, actions, terms, file: self.file.name.to_owned(), line })
    }

    fn take(&mut self, policy: &Cedar, known: Policy) {
        let named = policy.new_id(PolicyId::new(&known.id));
        let half = if known.forbids { &mut self.all.forbids } else { &mut self.all.permits };
        if let Err(error) = half.add(named) {
            self.defects.push(self.file.told(&error, 0));
        }
        self.all.known.insert(known.id.clone(), known);
    }
}

/// The policies as they stand in the text: Cedar numbers them.
fn in_order(parsed: &PolicySet) -> Vec<&Cedar> {
    let number = |policy: &&Cedar| policy.id().to_string().trim_start_matches("policy").parse::<u64>().unwrap_or(0);
    let mut all: Vec<&Cedar> = parsed.policies().collect();
    all.sort_by_key(number);
    all
}

fn actions(constraint: &ActionConstraint) -> Vec<String> {
    let name = |uid: &EntityUid| uid.id().unescaped().to_owned();
    match constraint {
        ActionConstraint::Any => Vec::new(),
        ActionConstraint::Eq(one) => vec![name(one)],
        ActionConstraint::In(several) => several.iter().map(name).collect(),
    }
}

fn is_id(id: &str) -> bool {
    const LONGEST: usize = 80;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !id.is_empty() && id.len() <= LONGEST && id.bytes().all(fits)
}
