//! Rules in the form that the engine runs: classes as tables, checks as functions, patterns compiled when first needed.

use std::sync::OnceLock;

use regex_automata::meta::Regex;
use stanch_rules::offline::{self, Check};
use stanch_rules::{Beside, Look, Part, Rule, RuleSet, Shape, compile_pattern};

use crate::confirm::CompiledPattern;
use crate::prefilter::Classes;

/// A rule as the engine runs it. It stands at the same index as its rule in the set.
#[derive(Debug)]
pub(crate) struct CompiledRule {
    pub(crate) look: CompiledLook,
    pub(crate) check: Option<&'static Check>,
    /// The index of the rule of its companion.
    pub(crate) companion: Option<u32>,
    pub(crate) specificity: u32,
    /// What finds the facts beside it, in the order of the rule.
    pub(crate) beside: Vec<LazyRegex>,
}

#[derive(Debug)]
pub(crate) enum CompiledLook {
    Shapes { shapes: Vec<CompiledShape>, run: bool },
    Pattern(Box<CompiledPattern>),
    Assignment,
}

/// A shape whose classes are indices into [`Classes`].
#[derive(Debug)]
pub(crate) struct CompiledShape {
    pub(crate) parts: Vec<CompiledPart>,
    /// The parts that are the secret.
    pub(crate) secret: (usize, usize),
    /// The classes of the first and last part, if they are classes.
    pub(crate) first: Option<usize>,
    pub(crate) last: Option<usize>,
}

#[derive(Debug)]
pub(crate) enum CompiledPart {
    Literal(Box<[u8]>),
    Class { class: usize, min: usize, max: usize, open: bool },
}

/// What finds a fact beside a match, compiled when it is first needed.
#[derive(Debug)]
pub(crate) struct LazyRegex {
    source: String,
    compiled: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    fn new(beside: &Beside) -> Self {
        Self { source: beside.pattern.to_string(), compiled: OnceLock::new() }
    }

    /// The expression; `None` if it does not compile, which `check` refuses beforehand.
    pub(crate) fn get(&self) -> Option<&Regex> {
        self.compiled.get_or_init(|| compile_pattern(&self.source).ok()).as_ref()
    }
}

/// Compiles every rule of a set.
pub(crate) fn compile(rules: &RuleSet) -> (Vec<CompiledRule>, Classes) {
    let mut classes = Classes::default();
    let compiled = rules.iter().map(|rule| compile_rule(rule, rules, &mut classes)).collect();
    (compiled, classes)
}

fn compile_rule(rule: &Rule, rules: &RuleSet, classes: &mut Classes) -> CompiledRule {
    let mut shapes = |shapes: &[Shape]| shapes.iter().map(|shape| compile_shape(shape, classes)).collect();
    let look = match &rule.look {
        Look::Literal(all) => CompiledLook::Shapes { shapes: shapes(all), run: false },
        Look::Run(all) => CompiledLook::Shapes { shapes: shapes(all), run: true },
        Look::Pattern(pattern) => CompiledLook::Pattern(Box::new(CompiledPattern::new(pattern))),
        Look::Assignment(_) => CompiledLook::Assignment,
    };
    let companion = rule.companion.as_ref();
    let companion = companion.and_then(|c| rules.iter().position(|other| other.id == c.rule)).map(|at| at as u32);
    CompiledRule {
        look,
        check: rule.check.as_deref().and_then(offline::by_name),
        companion,
        specificity: rule.specificity(),
        beside: rule.beside.iter().map(LazyRegex::new).collect(),
    }
}

fn compile_shape(shape: &Shape, classes: &mut Classes) -> CompiledShape {
    let mut part = |part: &Part| match part {
        Part::Literal(bytes) => CompiledPart::Literal(bytes.to_vec().into()),
        Part::Class { class, min, max, open } => {
            CompiledPart::Class { class: classes.index(*class), min: *min as usize, max: *max as usize, open: *open }
        }
    };
    let parts: Vec<CompiledPart> = shape.parts.iter().map(&mut part).collect();
    let class = |part: Option<&CompiledPart>| match part {
        Some(CompiledPart::Class { class, .. }) => Some(*class),
        _ => None,
    };
    let (first, last) = (class(parts.first()), class(parts.last()));
    CompiledShape { parts, secret: (shape.secret.0.into(), shape.secret.1.into()), first, last }
}
