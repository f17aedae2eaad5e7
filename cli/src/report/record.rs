//! A finding as the machine formats write it.

use std::borrow::Cow;

use serde::Serialize;
use stanch_model::Finding;

use super::Report;

#[derive(Serialize)]
pub(super) struct Record<'a> {
    schema: &'static str,
    rule: &'a str,
    path: Cow<'a, str>,
}

impl<'a> Record<'a> {
    pub(super) fn new(finding: &'a Finding, report: &'a Report<'_>) -> Self {
        Self { schema: "stanch.finding/1", rule: finding.rule.as_str(), path: report.redactor.hide_name(&finding.path) }
    }
}
