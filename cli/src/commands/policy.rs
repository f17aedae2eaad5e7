//! `stanch policy`: what is decided about a leak, before there is one.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use stanch_pipeline::policy::{
    CaseReport, Defect, Facts, LoadError, Policies, Policy, SHIPPED, Shipped, Suite, SuiteError, time,
};
use stanch_pipeline::{Decision, Verdict};

use crate::args::{AnswerFormat, PolicyArgs, PolicyCommand};
use crate::exit::{CliError, Exit};
use crate::shell::Shell;

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default().bold();
const NAME: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// Where more is told.
const MANUAL: &str = "`docs/policy.md` tells what a policy sees and decides";

pub(crate) fn run(args: &PolicyArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    match &args.command {
        PolicyCommand::Check { files, format } => check(files, *format, shell),
        PolicyCommand::Test { files, format } => test(files, *format, shell),
        PolicyCommand::Show { name: None, format } => list(*format, shell),
        PolicyCommand::Show { name: Some(name), format } => show(name, *format, shell),
        PolicyCommand::Explain { files, shipped, format } => explain(files, shipped, *format, shell),
    }
}

/// What `check --format json` answers.
#[derive(Serialize)]
struct Checked<'a> {
    policies: Vec<&'a Policy>,
    defects: &'a [Defect],
}

fn check(files: &[PathBuf], format: AnswerFormat, shell: &mut Shell) -> Result<Exit, CliError> {
    let (policies, defects) = match if files.is_empty() { all_shipped() } else { Policies::load(files) } {
        Ok(policies) => (policies, Vec::new()),
        Err(LoadError::Wrong(defects)) => (Policies::default(), defects),
        Err(error) => return Err(unloaded(error)),
    };
    match format {
        AnswerFormat::Human if defects.is_empty() => {
            writeln!(shell.stdout(), "{} policies are sound", policies.len())?;
        }
        AnswerFormat::Human => defects.iter().for_each(|defect| tell(defect, shell)),
        AnswerFormat::Json => json(&Checked { policies: policies.iter().collect(), defects: &defects }, shell)?,
        AnswerFormat::Jsonl => {
            lines(policies.iter(), shell)?;
            lines(&defects, shell)?;
        }
    }
    Ok(if defects.is_empty() { Exit::Clean } else { Exit::Failed })
}

fn tell(defect: &Defect, shell: &mut Shell) {
    shell.error(&format!("{}:{}:{}: {}", defect.file, defect.line, defect.column, defect.message));
    if let Some(hint) = &defect.hint {
        shell.hint(hint);
    }
}

fn all_shipped() -> Result<Policies, LoadError> {
    SHIPPED.iter().try_fold(Policies::default(), Policies::with_shipped)
}

/// The cases of one file, as `test --format json` lists them.
#[derive(Serialize)]
struct Tested {
    file: String,
    cases: Vec<CaseReport>,
    /// Policies that no case of the file reaches.
    unreached: Vec<String>,
}

impl Tested {
    fn of(file: String, suite: &Suite, policies: &Policies) -> Result<Self, SuiteError> {
        let cases = suite.run(policies)?;
        let unreached = Suite::unreached(policies, &cases);
        Ok(Self { file, cases, unreached })
    }

    fn file(path: &Path) -> Result<Self, SuiteError> {
        let (suite, policies) = Suite::load(path)?;
        Self::of(path.display().to_string(), &suite, &policies)
    }

    /// A shipped set; what others that stand beside it do not reach, their own cases do.
    fn shipped(set: &Shipped) -> Result<Self, SuiteError> {
        let suite = Suite::parse(set.cases, set.name)?;
        let mut tested = Self::of(set.name.to_owned(), &suite, &suite.policies(Path::new(""))?)?;
        tested.unreached.retain(|id| id.starts_with(set.name));
        Ok(tested)
    }

    fn failed(&self) -> usize {
        self.cases.iter().filter(|case| !case.passed()).count()
    }
}

fn test(files: &[PathBuf], format: AnswerFormat, shell: &Shell) -> Result<Exit, CliError> {
    let tested: Result<Vec<Tested>, SuiteError> = if files.is_empty() {
        SHIPPED.iter().map(Tested::shipped).collect()
    } else {
        files.iter().map(|file| Tested::file(file)).collect()
    };
    let tested = tested.map_err(untested)?;
    match format {
        AnswerFormat::Human => tested.iter().try_for_each(|one| told(one, &mut shell.stdout()))?,
        AnswerFormat::Json => json(&tested, shell)?,
        AnswerFormat::Jsonl => lines(&tested, shell)?,
    }
    let failed: usize = tested.iter().map(Tested::failed).sum();
    Ok(if failed == 0 { Exit::Clean } else { Exit::Findings })
}

fn told(tested: &Tested, out: &mut dyn Write) -> std::io::Result<()> {
    for case in tested.cases.iter().filter(|case| !case.passed()) {
        writeln!(out, "{BAD}FAILED{BAD:#} {}: {NAME}{}{NAME:#}", tested.file, case.name)?;
        for difference in &case.differences {
            writeln!(
                out,
                "  {:<15} expected {}, got {}",
                difference.what,
                shown(&difference.expected),
                shown(&difference.got)
            )?;
        }
        writeln!(out, "  {DIM}{}{DIM:#}", case.decision.why)?;
    }
    let (all, failed) = (tested.cases.len(), tested.failed());
    writeln!(out, "{}: {all} cases: {} passed, {failed} failed", tested.file, all - failed)?;
    if !tested.unreached.is_empty() {
        writeln!(out, "  no case reaches {}", tested.unreached.join(", "))?;
    }
    Ok(())
}

fn shown(text: &str) -> &str {
    if text.is_empty() { "nothing" } else { text }
}

/// A shipped set, as `show --format json` lists it.
#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
    about: String,
    policies: Vec<Policy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

impl Listed<'static> {
    fn of(set: &Shipped) -> Result<Self, CliError> {
        let policies = Policies::default().with_shipped(set).map_err(unloaded)?;
        Ok(Self { name: set.name, about: set.about(), policies: policies.iter().cloned().collect(), text: None })
    }
}

fn list(format: AnswerFormat, shell: &Shell) -> Result<Exit, CliError> {
    let sets: Vec<Listed<'_>> = SHIPPED.iter().map(Listed::of).collect::<Result<_, _>>()?;
    match format {
        AnswerFormat::Human => {
            let mut out = shell.stdout();
            for set in &sets {
                writeln!(out, "{NAME}{:<12}{NAME:#} {}", set.name, set.about.lines().next().unwrap_or_default())?;
                set.policies.iter().try_for_each(|policy| writeln!(out, "  {:<28} {}", policy.id, policy.why))?;
            }
            writeln!(out, "`stanch policy show NAME` shows one in full")?;
        }
        AnswerFormat::Json => json(&sets, shell)?,
        AnswerFormat::Jsonl => lines(&sets, shell)?,
    }
    Ok(Exit::Clean)
}

fn show(name: &str, format: AnswerFormat, shell: &Shell) -> Result<Exit, CliError> {
    let set = find(name)?;
    let listed = Listed { text: Some(set.text), ..Listed::of(set)? };
    match format {
        AnswerFormat::Human => shell.stdout().write_all(set.text.as_bytes())?,
        AnswerFormat::Json => json(&listed, shell)?,
        AnswerFormat::Jsonl => lines([&listed], shell)?,
    }
    Ok(Exit::Clean)
}

/// What `explain --format json` answers.
#[derive(Serialize)]
struct Explained<'a> {
    decision: &'a Decision,
    policies: Vec<&'a Policy>,
}

fn explain(files: &[PathBuf], shipped: &[String], format: AnswerFormat, shell: &Shell) -> Result<Exit, CliError> {
    let policies = chosen(files, shipped)?;
    let decision = policies.decide(&facts()?);
    let deciding: Vec<&Policy> = decision.policies.iter().filter_map(|id| policies.get(id)).collect();
    let explained = Explained { decision: &decision, policies: deciding };
    match format {
        AnswerFormat::Human => decided(&explained, &mut shell.stdout())?,
        AnswerFormat::Json => json(&explained, shell)?,
        AnswerFormat::Jsonl => lines([&explained], shell)?,
    }
    Ok(Exit::Clean)
}

fn chosen(files: &[PathBuf], shipped: &[String]) -> Result<Policies, CliError> {
    let mut policies = if files.is_empty() && shipped.is_empty() {
        Policies::shipped().map_err(unloaded)?
    } else {
        Policies::default()
    };
    for name in shipped {
        policies = policies.with_shipped(find(name)?).map_err(unloaded)?;
    }
    files.iter().try_fold(policies, |all, path| all.with_file(path)).map_err(unloaded)
}

/// Facts as standard input tells them.
fn facts() -> Result<Facts, CliError> {
    /// More than facts are.
    const MOST: u64 = 1 << 20;
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MOST).read_to_string(&mut text);
    read.map_err(|error| CliError::new(format!("cannot read the facts from standard input: {error}")))?;
    serde_json::from_str(&text).map_err(|error| {
        CliError::new(format!("standard input holds no facts: {error}"))
            .hint(r#"pipe in an object, as in {"verification": "active", "exposure": "public"}"#)
            .hint(MANUAL)
    })
}

fn decided(explained: &Explained<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    let decision = explained.decision;
    let style = if decision.verdict == Verdict::Act { BAD } else { GOOD };
    let means = decision.means.map_or_else(String::new, |means| format!(" {means}"));
    writeln!(
        out,
        "{style}{}{style:#}{means}  {}",
        decision.verdict,
        decision.why.split(" | ").next().unwrap_or_default()
    )?;
    for policy in &explained.policies {
        let effect = if policy.forbids { "forbids" } else { "permits" };
        writeln!(out, "  {NAME}{}{NAME:#} {effect} ({}:{}): {}", policy.id, policy.file, policy.line, policy.why)?;
    }
    decision.errors.iter().try_for_each(|error| writeln!(out, "  {BAD}not evaluated{BAD:#} {error}"))?;
    if decision.verdict == Verdict::Ask {
        let of: Vec<String> = decision.approvers.iter().map(|list| format!(", one of {}", list.join(" or "))).collect();
        let of = of.concat();
        let count = decision.approvals;
        writeln!(
            out,
            "  {DIM}{:<12}{DIM:#} {count}{of}; each counts for {}",
            "approvals",
            time(decision.approval_lasts)
        )?;
    }
    if decision.wait > 0 {
        writeln!(out, "  {DIM}{:<12}{DIM:#} {} before what cannot be undone", "wait", time(decision.wait))?;
    }
    Ok(())
}

fn find(name: &str) -> Result<&'static Shipped, CliError> {
    let names = || SHIPPED.iter().map(|set| set.name).collect::<Vec<_>>().join(", ");
    Shipped::find(name).ok_or_else(|| {
        CliError::new(format!("no set `{name}` comes with stanch")).hint(format!("there are {}", names()))
    })
}

/// Policies that are not loaded.
fn unloaded(error: LoadError) -> CliError {
    match error {
        LoadError::Read { path, source } => CliError::new(format!("cannot read `{}`: {source}", path.display())),
        wrong @ LoadError::Wrong(_) => {
            let hints: Vec<String> = wrong.defects().iter().filter_map(|defect| defect.hint.clone()).collect();
            hints.into_iter().fold(CliError::new(wrong.to_string()), CliError::hint).hint(MANUAL)
        }
    }
}

/// Cases that are not run.
fn untested(error: SuiteError) -> CliError {
    match error {
        SuiteError::Read { path, source } => CliError::new(format!("cannot read `{}`: {source}", path.display())),
        SuiteError::Policies(error) => unloaded(error),
        error => CliError::new(error.to_string()).hint(MANUAL),
    }
}

fn json(value: &impl Serialize, shell: &Shell) -> Result<(), CliError> {
    let text = serde_json::to_string_pretty(value).map_err(std::io::Error::from)?;
    Ok(writeln!(shell.stdout(), "{text}")?)
}

fn lines<T: Serialize>(values: impl IntoIterator<Item = T>, shell: &Shell) -> Result<(), CliError> {
    let mut out = shell.stdout();
    for value in values {
        writeln!(out, "{}", serde_json::to_string(&value).map_err(std::io::Error::from)?)?;
    }
    Ok(())
}
