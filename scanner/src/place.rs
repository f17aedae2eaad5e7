//! What depends on where a candidate stands.

use stanch_model::{Confidence, Reason};
use stanch_rules::{Look, Rule};

use crate::weigh::confidence;

/// The most points that a place can add.
pub(crate) const MOST_POINTS: i16 = 10;

/// A path of the class that adds the most points to any rule: what is not reported there is reported nowhere.
pub(crate) const MOST_BELIEVED: &str = ".env";

/// What a path says of the values in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PathClass {
    /// Configuration and environment files, which hold live values.
    Settings,
    /// Tests, fixtures, examples.
    Test,
    /// Documentation.
    Docs,
    /// Lock files, generated and minified code: dense in values that look random.
    Generated,
    /// Code of others that is kept along, with their tests and manuals.
    Vendored,
    /// Anything else.
    Other,
}

impl PathClass {
    /// The class of a path with `/` between its parts.
    pub fn of(path: &str) -> Self {
        let lower = path.to_ascii_lowercase();
        let name = lower.rsplit('/').next().unwrap_or(&lower);
        let has_part = |parts: &[&str]| lower.split('/').rev().skip(1).any(|part| parts.contains(&part));
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if ends(&[
            ".lock",
            "-lock.json",
            "-lock.yaml",
            "go.sum",
            ".min.js",
            ".min.css",
            ".map",
            ".snap",
            ".svg",
            ".ipynb",
        ]) || has_part(&["node_modules", "dist"])
        {
            return Self::Generated;
        }
        if has_part(&["vendor", "vendored", "third_party", "third-party", "bower_components", "site-packages"]) {
            return Self::Vendored;
        }
        let test_name = ["test_", "test.", "spec."].iter().any(|start| name.starts_with(start))
            || ["_test.", ".test.", ".spec.", "_spec.", "tests."].iter().any(|part| name.contains(part));
        if test_name
            || has_part(&[
                "test",
                "tests",
                "testdata",
                "fixtures",
                "fixture",
                "spec",
                "specs",
                "__tests__",
                "__mocks__",
                "e2e",
                "examples",
                "example",
                "samples",
                "sample",
                "mocks",
                "demo",
                "demos",
            ])
        {
            return Self::Test;
        }
        let deployed = [
            "docker-compose",
            "compose.",
            "application",
            "appsettings",
            "values",
            "secrets",
            "credentials",
            "database.",
            "settings.",
            "config.",
        ];
        let configures = deployed.iter().any(|start| name.starts_with(start))
            && ends(&[".yml", ".yaml", ".json", ".toml", ".xml", ".config"]);
        if configures
            || name.starts_with(".env")
            || ends(&[
                ".env",
                ".tfvars",
                ".properties",
                ".npmrc",
                ".pypirc",
                ".netrc",
                "credentials",
                ".ini",
                ".cfg",
                ".conf",
            ])
        {
            return Self::Settings;
        }
        if ends(&[".md", ".rst", ".adoc", ".txt", ".html"]) || has_part(&["docs", "doc"]) {
            return Self::Docs;
        }
        Self::Other
    }

    /// The points that the class adds for a rule. What has a form of its own is believed anywhere; a value known by its name only depends on
    /// where it stands.
    pub fn points(self, rule: &Rule) -> i16 {
        let by_name = matches!(rule.look, Look::Assignment(_) | Look::Run(_));
        match (self, by_name) {
            (Self::Settings, true) => MOST_POINTS,
            (Self::Generated, true) => -25,
            // Only what looks issued, or like a good password.
            (Self::Vendored, true) => -15,
            (Self::Test | Self::Docs, true) => -5,
            _ => 0,
        }
    }

    const fn reason(self) -> &'static str {
        match self {
            Self::Settings => "the file holds settings",
            Self::Test => "the file is a test or an example",
            Self::Docs => "the file is documentation",
            Self::Generated => "the file is generated, where much looks random",
            Self::Vendored => "the file is of others, kept along",
            Self::Other => "the file is like any other",
        }
    }
}

/// The confidence of a content score at a place, with the reason where the place counts; `None` below low.
pub fn place(score: i16, path: PathClass, rule: &Rule) -> (Option<Confidence>, Option<Reason>) {
    let points = path.points(rule);
    let reason = (points != 0).then(|| Reason { points, text: path.reason().into() });
    (confidence(score + points), reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes() {
        for (path, class) in [
            ("a/.env", PathClass::Settings),
            (".env.production", PathClass::Settings),
            ("src/main.rs", PathClass::Other),
            ("tests/x.py", PathClass::Test),
            ("src/login_test.go", PathClass::Test),
            ("README.md", PathClass::Docs),
            ("web/package-lock.json", PathClass::Generated),
            ("node_modules/x/index.js", PathClass::Generated),
            ("vendor/github.com/x/y/client_test.go", PathClass::Vendored),
            ("deploy/docker-compose.prod.yml", PathClass::Settings),
            ("src/main/resources/application-dev.yml", PathClass::Settings),
            ("appsettings.Development.json", PathClass::Settings),
            ("src/application.rs", PathClass::Other),
            ("e2e/login.ts", PathClass::Test),
        ] {
            assert_eq!(PathClass::of(path), class, "{path}");
        }
    }
}
