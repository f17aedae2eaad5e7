//! What is sent though no description has it so, and why. What is excused is not called checked.

use std::cell::RefCell;
use std::collections::BTreeSet;

use super::catalog::Finding;

/// `provider`, the request as its double writes it (`*` as the method is any, at the end is the rest), the rule, the reason.
const TABLE: &str = include_str!("excuses.tsv");

pub(crate) struct Excuses {
    table: Vec<[&'static str; 4]>,
    used: RefCell<BTreeSet<usize>>,
}

impl Excuses {
    pub(crate) fn load() -> Self {
        let fields = |line: &'static str| -> [&'static str; 4] {
            let fields: Vec<&str> = line.split('\t').collect();
            fields.try_into().unwrap_or_else(|_| panic!("excuses.tsv: {line}"))
        };
        let table: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).map(fields).collect();
        assert!(table.iter().all(|[.., reason]| reason.len() > 15), "excuses.tsv: each says why");
        Self { table, used: RefCell::default() }
    }

    /// Whether a finding is excused.
    pub(crate) fn cover(&self, finding: &Finding) -> bool {
        let provider = finding.kind.split('.').next().unwrap_or_default();
        let fits = |[own, request, rule, _]: &[&str; 4]| {
            *own == provider && is_meant(request, &finding.request) && *rule == finding.remark.rule.as_str()
        };
        let at = self.table.iter().position(fits);
        self.used.borrow_mut().extend(at);
        at.is_some()
    }

    /// Those that excuse nothing any more.
    pub(crate) fn unused(&self) -> Vec<String> {
        let used = self.used.borrow();
        let stale = self.table.iter().enumerate().filter(|(at, _)| !used.contains(at));
        stale.map(|(_, excuse)| format!("excuses.tsv: this excuses nothing: {}", excuse.join("\t"))).collect()
    }
}

/// Whether a pattern is of a request: both are a method and an address.
fn is_meant(pattern: &str, request: &str) -> bool {
    let (Some((method, address)), Some((own, sent))) = (pattern.split_once(' '), request.split_once(' ')) else {
        return false;
    };
    let begins = |start: &str| sent.starts_with(start);
    (method == "*" || method == own) && address.strip_suffix('*').map_or(address == sent, begins)
}

#[test]
fn patterns_of_requests() {
    let is = |pattern| is_meant(pattern, "GET a.example/v1/keys/{id}");
    assert!(is("GET a.example/v1/keys/{id}") && is("* a.example/v1/*") && is("GET a.example/*"));
    assert!(!is("POST a.example/v1/keys/{id}") && !is("GET a.example/v1/keys") && !is("* a.example/v2/*"));
}
