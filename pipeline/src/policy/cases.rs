//! Cases: facts, and what has to be decided of them. A file of them stands beside a set of policies.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::{Table, Value};

use super::facts::Facts;
use super::load::LoadError;
use super::set::Policies;
use super::shipped::Shipped;
use super::terms::{seconds, time};
use crate::{Decision, Means, Verdict};

/// A file of cases.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// Shipped sets that are tested, or that others are tested beside.
    #[serde(default)]
    shipped: Vec<String>,
    /// Files that are tested, by their paths from this file.
    #[serde(default)]
    policies: Vec<PathBuf>,
    /// Facts of every case that does not say otherwise.
    #[serde(default)]
    facts: Table,
    #[serde(default, rename = "case")]
    cases: Vec<Case>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    #[serde(default)]
    facts: Table,
    /// Policies that stand beside the others in this case only, such as a careless one that a wall has to hold back.
    beside: Option<String>,
    expect: Expect,
}

/// What has to be decided. What is not said is not compared.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    verdict: Option<Verdict>,
    means: Option<Wanted>,
    approvals: Option<u32>,
    approvers: Option<Vec<Vec<String>>>,
    wait: Option<String>,
    approval_lasts: Option<String>,
    /// The deciding policies, all of them, in any order.
    policies: Option<BTreeSet<String>>,
}

/// Means as a case names them.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Wanted {
    None,
    #[serde(untagged)]
    Some(Means),
}

/// Why cases cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum SuiteError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// The file is no file of cases. The message names line and column.
    #[error("{name}: {message}")]
    Form {
        /// The file.
        name: String,
        /// What is wrong.
        message: String,
    },
    /// A case makes no sense.
    #[error("{name}: case `{case}`: {message}")]
    Case {
        /// The file.
        name: String,
        /// The case.
        case: String,
        /// What is wrong.
        message: String,
    },
    /// The policies under test are wrong.
    #[error(transparent)]
    Policies(#[from] LoadError),
}

/// What came of one case.
#[derive(Debug, Clone, Serialize)]
pub struct CaseReport {
    /// Its name.
    pub name: String,
    /// What is not as expected; none if it passed.
    pub differences: Vec<Difference>,
    /// What was decided.
    pub decision: Decision,
}

impl CaseReport {
    /// Whether it is as expected.
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// One thing that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What: `verdict`, `means` and so on.
    pub what: &'static str,
    /// What the case expects.
    pub expected: String,
    /// What was decided.
    pub got: String,
}

impl Suite {
    /// Reads the text of a file of cases, which is called `name` for people.
    ///
    /// # Errors
    /// If it is none, has no case, or a case has unknown facts or expects nothing.
    pub fn parse(text: &str, name: &str) -> Result<Self, SuiteError> {
        let form = |message: String| SuiteError::Form { name: name.to_owned(), message };
        let suite: Self = toml::from_str(text).map_err(|error| form(error.to_string()))?;
        if suite.cases.is_empty() {
            return Err(form("no [[case]] in it".to_owned()));
        }
        if suite.shipped.is_empty() && suite.policies.is_empty() {
            return Err(form("it names neither `policies` nor `shipped`: nothing is tested".to_owned()));
        }
        for case in &suite.cases {
            let checked = suite.facts(case).map(drop).and_then(|()| case.expect.check());
            checked.map_err(|message| SuiteError::Case { name: name.to_owned(), case: case.name.clone(), message })?;
        }
        Ok(suite)
    }

    /// Reads a file of cases and the policies that it names.
    ///
    /// # Errors
    /// If a file cannot be read, or is wrong.
    pub fn load(path: &Path) -> Result<(Self, Policies), SuiteError> {
        let read = std::fs::read_to_string(path);
        let text = read.map_err(|source| SuiteError::Read { path: path.to_path_buf(), source })?;
        let suite = Self::parse(&text, &path.display().to_string())?;
        let policies = suite.policies(path.parent().unwrap_or(Path::new("")))?;
        Ok((suite, policies))
    }

    /// The policies that it names, by their paths from a folder.
    ///
    /// # Errors
    /// If one cannot be read or is wrong, or no shipped set is called so.
    pub fn policies(&self, folder: &Path) -> Result<Policies, SuiteError> {
        let mut all = Policies::default();
        for name in &self.shipped {
            let message = || format!("no shipped set is called `{name}`");
            let set = Shipped::find(name)
                .ok_or_else(|| SuiteError::Form { name: "shipped".to_owned(), message: message() })?;
            all = all.with_shipped(set)?;
        }
        for path in &self.policies {
            all = all.with_file(&folder.join(path))?;
        }
        Ok(all)
    }

    /// Asks the policies about every case.
    ///
    /// # Errors
    /// If the policies that a case has beside the others are wrong.
    pub fn run(&self, policies: &Policies) -> Result<Vec<CaseReport>, SuiteError> {
        self.cases.iter().map(|case| self.report(policies, case)).collect()
    }

    fn report(&self, policies: &Policies, case: &Case) -> Result<CaseReport, SuiteError> {
        // They were read once when the suite was.
        let facts = self.facts(case).unwrap_or_default();
        let decision = match &case.beside {
            Some(text) => policies.clone().with(text, &format!("case `{}`", case.name))?.decide(&facts),
            None => policies.decide(&facts),
        };
        Ok(CaseReport { name: case.name.clone(), differences: case.expect.differences(&decision), decision })
    }

    /// Policies that no case reached, by id: they may be dead, or a case is missing.
    pub fn unreached(policies: &Policies, reports: &[CaseReport]) -> Vec<String> {
        let reached: BTreeSet<&String> = reports.iter().flat_map(|report| &report.decision.policies).collect();
        policies.iter().map(|policy| &policy.id).filter(|id| !reached.contains(id)).cloned().collect()
    }

    /// The facts of a case: its own over those of all.
    fn facts(&self, case: &Case) -> Result<Facts, String> {
        let mut facts = self.facts.clone();
        facts.extend(case.facts.clone());
        Facts::deserialize(Value::Table(facts)).map_err(|error| error.message().to_owned())
    }
}

impl Expect {
    fn check(&self) -> Result<(), String> {
        let times = [&self.wait, &self.approval_lasts].into_iter().flatten();
        if let Some(bad) = times.into_iter().find(|text| seconds(text).is_none()) {
            return Err(format!("`{bad}` is no time; write it as 24h or 1d12h"));
        }
        let said = [
            self.verdict.is_some(),
            self.means.is_some(),
            self.approvals.is_some(),
            self.approvers.is_some(),
            self.wait.is_some(),
            self.approval_lasts.is_some(),
            self.policies.is_some(),
        ];
        if said.contains(&true) { Ok(()) } else { Err("it expects nothing".to_owned()) }
    }

    fn differences(&self, decision: &Decision) -> Vec<Difference> {
        let means = |means: Option<Means>| means.map_or("none", Means::as_str).to_owned();
        let span = |text: &String| seconds(text).map(time).unwrap_or_default();
        let lists = |lists: &[Vec<String>]| lists.iter().map(|list| list.join(", ")).collect::<Vec<_>>().join("; ");
        let names = |names: &mut dyn Iterator<Item = &String>| names.cloned().collect::<Vec<_>>().join(", ");
        let wanted = self.means.map(|wanted| match wanted {
            Wanted::None => means(None),
            Wanted::Some(one) => means(Some(one)),
        });
        let compared = [
            ("verdict", self.verdict.map(|verdict| verdict.to_string()), decision.verdict.to_string()),
            ("means", wanted, means(decision.means)),
            ("approvals", self.approvals.map(|count| count.to_string()), decision.approvals.to_string()),
            ("approvers", self.approvers.as_deref().map(lists), lists(&decision.approvers)),
            ("wait", self.wait.as_ref().map(span), time(decision.wait)),
            ("approval_lasts", self.approval_lasts.as_ref().map(span), time(decision.approval_lasts)),
            (
                "policies",
                self.policies.as_ref().map(|ids| names(&mut ids.iter())),
                names(&mut decision.policies.iter()),
            ),
        ];
        let differs = |(what, expected, got): (&'static str, Option<String>, String)| {
            let expected = expected.filter(|expected| *expected != got)?;
            Some(Difference { what, expected, got })
        };
        compared.into_iter().filter_map(differs).collect()
    }
}
