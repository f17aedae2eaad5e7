//! A made-up scan with something of everything, out of rules of its own, so that it does not change with the catalogue.

use std::sync::atomic::AtomicBool;
use std::time::Duration;

use stanch_model::{Finding, FingerprintKey, GitPlace, ObjectKind, Source, Suppression, SuppressionKind, Verification};
use stanch_rules::{RuleSet, load, mint};
use stanch_scanner::{Control, Coverage, Engine, Gap, Note, Scratch, scan_bytes, sort_findings};

use crate::report::{Format, Look, Redactor, Report, write};

const RULES: &str = r#"
provider   = "acme"
category   = "saas"
references = ["https://acme.example/docs"]

[[rule]]
id       = "acme.api-token"
title    = "Acme API token"
severity = "critical"
shape    = "acme_{base62:32}"
anchor   = "literal"

[rule.manual]
url     = "https://acme.example/settings/tokens"
runbook = "Settings, API tokens: delete the token, then make a new one and hand it to the service that used it."

[[rule.accept]]
text = "token = {{acme_{base62:32}}}"

[[rule.reject]]
text = "acme_00000000000000000000000000000000"
why  = "one character repeated is a placeholder"

[[rule]]
id          = "acme.key-id"
title       = "Acme key id"
severity    = "medium"
sensitivity = "identifier"
shape       = "acid_{base62:16}"
anchor      = "literal"
companion   = { rule = "acme.key-secret", within = 512 }

[rule.manual]
runbook = "Keys: deactivate the key."

[[rule.accept]]
text = "key = {{acid_{base62:16}}}"

[[rule.reject]]
text = "acid_0000000000000000"
why  = "one character repeated is a placeholder"

[[rule]]
id       = "acme.key-secret"
title    = "Acme key secret"
severity = "low"
shape    = "acsk_{base62:40}"
anchor   = "literal"

[rule.manual]
runbook = "Keys: deactivate the key {of the id}, see [the pages]."

[[rule.accept]]
text = "secret = {{acsk_{base62:40}}}"

[[rule.reject]]
text = "acsk_0000000000000000000000000000000000000000"
why  = "one character repeated is a placeholder"
"#;

/// The secrets that are planted everywhere.
pub(super) struct Secrets {
    pub(super) token: String,
    pub(super) key_id: String,
    pub(super) key_secret: String,
    /// One that stands in no file that was scanned, only in what is told of it.
    pub(super) unseen: String,
}

pub(super) fn text(recipe: &str, seed: u64) -> String {
    let minted = mint(recipe, seed).unwrap_or_else(|error| panic!("{error}"));
    String::from_utf8(minted.text).unwrap_or_else(|error| panic!("{error}"))
}

impl Secrets {
    fn new() -> Self {
        Self {
            token: text("{{acme_{base62:32}}}", 1),
            key_id: text("{{acid_{base62:16}}}", 2),
            key_secret: text("{{acsk_{base62:40}}}", 3),
            unseen: text("{{acme_{base62:32}}}", 4),
        }
    }
}

/// A scan and what it gave.
pub(super) struct Sample {
    pub(super) engine: Engine,
    pub(super) secrets: Secrets,
    pub(super) findings: Vec<Finding>,
    pub(super) coverage: Coverage,
    pub(super) targets: Vec<String>,
}

impl Sample {
    /// Nothing found, all read.
    pub(super) fn clean() -> Self {
        let rules = load("acme.toml", RULES, &RuleSet::new(Vec::new()))
            .unwrap_or_else(|error| panic!("{}", error.render(false)));
        Self {
            engine: Engine::new(RuleSet::new(rules)),
            secrets: Secrets::new(),
            findings: Vec::new(),
            coverage: Coverage { files: 1234, bytes: 5_600_000, ..Coverage::default() },
            targets: vec![".".to_owned()],
        }
    }

    /// Findings such as a project has them.
    pub(super) fn plain() -> Self {
        let mut sample = Self::clean();
        let Secrets { token, key_id, key_secret, .. } = &sample.secrets;
        let config = format!("# Grüße\nid = {key_id}\nsecret = {key_secret}\ntoken = \"{token}\"\n");
        let script = format!("call({token}, {token})\n").repeat(3);
        sample.scan("src/config.ini", &config);
        sample.scan("bin/call.sh", &script);
        let known = format!("token = {}\n", sample.secrets.unseen);
        sample.scan("test/known.txt", &known);
        if let Some(last) = sample.findings.last_mut() {
            last.suppression = Some(suppression(SuppressionKind::Ignored, "revoked on 2026-11-02"));
        }
        if let Some(first) = sample.findings.first_mut() {
            first.ignored = true;
        }
        sample.sorted()
    }

    /// Secrets and hostile characters wherever text can stand.
    pub(super) fn hostile() -> Self {
        let mut sample = Self::plain();
        let Secrets { token, key_secret, unseen, .. } = &sample.secrets;
        let encoded = token.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
        let base64 = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, format!("user:{token}"));
        let ugly = format!(
            "{token} {encoded} {base64} {unseen} \u{202e}{}\u{200b}{}\u{1b}[31m\u{9b}\n{{0}}",
            &token[..12],
            &token[12..]
        );
        let why = format!("answered {ugly}");
        for (n, finding) in sample.findings.iter_mut().enumerate() {
            finding.path = format!("folder {ugly}/{}", finding.path);
            finding.locator.root = Some(format!("https://user:{unseen}@host.example/{key_secret}"));
            finding.in_head = Some(n % 2 == 0);
            finding.permalink =
                Some("https://github.com/o/r/blob/0123456789abcdef0123456789abcdef01234567/a.rs#L3".to_owned());
            finding.evidence.facts.push(stanch_model::Fact { name: "acme-account".into(), value: ugly.clone() });
            finding.evidence.context = vec!["acme".to_owned(), ugly.clone()];
            finding.evidence.truncated = n % 2 == 0;
            finding.evidence.reasons.push(stanch_model::Reason { points: -5, text: ugly.clone().into() });
            finding.git = Some(git(&ugly));
            finding.verification = match n % 4 {
                0 => Verification::Active { identity: [("account".to_owned(), vec![why.clone()])].into() },
                1 => Verification::Inactive,
                2 => Verification::Unknown { why: why.clone() },
                _ => Verification::NotAttempted,
            };
            finding.suppression = match n % 5 {
                0 => Some(suppression(SuppressionKind::Inline, &ugly)),
                1 => Some(suppression(SuppressionKind::Baseline, &ugly)),
                _ => None,
            };
        }
        let note = |gap: Gap| Note { path: ugly.clone(), gap, detail: format!("no {ugly}") };
        sample.coverage.notes =
            [Gap::Unreadable, Gap::Vanished, Gap::Shrank, Gap::Excluded, Gap::Symlink, Gap::GitDir].map(note).into();
        sample.coverage.interrupted = true;
        sample.targets = vec![".".to_owned(), format!("/srv/{token}"), ugly];
        sample
    }

    /// Findings such as a repository has them: in the working tree, in commits, in messages, and in what no ref reaches.
    pub(super) fn history() -> Self {
        let mut sample = Self::clean();
        let Secrets { token, key_id, key_secret, .. } = &sample.secrets;
        let config = format!("token = \"{token}\"\n");
        let twice = format!("# now\n{config}{config}");
        let pair = format!("{key_id}\n{key_secret}\n");
        let message = format!("fix the build\n\nwith {token}\n");
        sample.scan("src/config.ini", &twice);
        sample.past("src/config.ini", &config, Some(true), place(ObjectKind::Blob, Some('a'), true));
        sample.past("old/config.ini", &config, Some(false), place(ObjectKind::Blob, Some('b'), true));
        sample.past("lost/config.ini", &config, Some(false), place(ObjectKind::Blob, Some('c'), false));
        sample.past(&format!("commit/{}", id('d')), &message, None, place(ObjectKind::Commit, Some('d'), true));
        sample.past(&format!("tag/{}", id('e')), &message, None, place(ObjectKind::Tag, None, true));
        sample.past("deploy/env", &pair, Some(false), place(ObjectKind::Blob, Some('f'), true));
        sample.past(&format!("blob/{}", id('0')), &pair, Some(false), place(ObjectKind::Blob, None, false));
        let of_a_file = |finding: &&mut Finding| finding.git.as_ref().is_some_and(|git| git.object == ObjectKind::Blob);
        for finding in sample.findings.iter_mut().filter(of_a_file) {
            let commit = finding.git.as_ref().and_then(|git| git.commit.as_deref());
            let (path, line) = (&finding.path, finding.location.line);
            finding.permalink = commit.map(|commit| format!("https://github.com/o/r/blob/{commit}/{path}#L{line}"));
        }
        sample.sorted()
    }

    /// As `scan`, of an object of a repository.
    fn past(&mut self, path: &str, content: &str, in_head: Option<bool>, git: GitPlace) {
        let before = self.findings.len();
        self.scan_as(path, content, Source::Object, Some(git));
        self.findings[before..].iter_mut().for_each(|finding| finding.in_head = in_head);
    }

    fn scan(&mut self, path: &str, content: &str) {
        self.scan_as(path, content, Source::File, None);
    }

    fn scan_as(&mut self, path: &str, content: &str, source: Source, git: Option<GitPlace>) {
        let (key, stop) = (FingerprintKey::from_bytes([7; 32]), AtomicBool::new(false));
        let control = Control { engine: &self.engine, key: &key, stop: &stop, events: &(), jobs: 1 };
        let found = scan_bytes(&control, path, content.as_bytes(), source, git, &mut Scratch::default());
        assert!(!found.is_empty(), "{path} holds something");
        self.findings.extend(found.into_iter().map(|mut finding| {
            finding.locator.root = Some(".".to_owned());
            finding
        }));
    }

    fn sorted(mut self) -> Self {
        sort_findings(&mut self.findings);
        self
    }

    /// The report in a format.
    pub(super) fn write(&self, format: Format, look: &Look, reveal: bool) -> String {
        let redactor = Redactor::new(&self.engine, &self.findings);
        let report = Report {
            findings: &self.findings,
            hidden_low: 2,
            coverage: &self.coverage,
            rules: self.engine.rules(),
            redactor: &redactor,
            targets: &self.targets,
            elapsed: Duration::from_millis(312),
            reveal,
            lasting: true,
        };
        let mut out = Vec::new();
        write(format, &report, look, &mut out).unwrap_or_else(|error| panic!("{error}"));
        String::from_utf8(out).unwrap_or_else(|error| panic!("{error}"))
    }

    /// The report in a machine format, as values: one for each line of `jsonl`, else one.
    pub(super) fn values(&self, format: Format) -> Vec<serde_json::Value> {
        let text = self.write(format, &PAGE, false);
        let parse = |text: &str| serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
        if format == Format::Jsonl { text.lines().map(parse).collect() } else { vec![parse(&text)] }
    }
}

/// A page without colours.
pub(super) const PAGE: Look = Look { colour: false, width: 80 };

fn suppression(kind: SuppressionKind, reason: &str) -> Suppression {
    Suppression {
        kind,
        reason: Some(reason.to_owned()),
        owner: Some("ann".to_owned()),
        expires: Some("2027-01-31".to_owned()),
    }
}

/// The id of an object.
fn id(digit: char) -> String {
    digit.to_string().repeat(40)
}

/// A place in the history of two people.
fn place(object: ObjectKind, commit: Option<char>, reachable: bool) -> GitPlace {
    let text = |text: &str| Some(text.to_owned());
    if object == ObjectKind::Blob && commit.is_none() {
        return GitPlace { blob: id('0'), reachable: Some(false), ..GitPlace::default() };
    }
    GitPlace {
        object,
        blob: id(if object == ObjectKind::Blob { '9' } else { commit.unwrap_or('e') }),
        commit: commit.map(id),
        author: text("Ann"),
        email: text("ann@example.com"),
        date: text("2021-03-04T05:06:07+01:00"),
        committer: text(if commit == Some('b') { "Bob" } else { "Ann" }),
        committer_email: text("ann@example.com"),
        committed: text("2021-03-04T05:06:07+01:00"),
        subject: text("add the configuration"),
        reachable: Some(reachable),
        refs: if reachable { vec!["refs/heads/main".to_owned(), "refs/tags/v1".to_owned()] } else { Vec::new() },
        more_refs: if reachable { 3 } else { 0 },
    }
}

fn git(ugly: &str) -> GitPlace {
    GitPlace {
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        author: Some(format!("Ann {ugly}")),
        email: Some(format!("{ugly}@example.com")),
        date: Some("2026-01-02T03:04:05+01:00".to_owned()),
        subject: Some(format!("add {ugly}")),
        blob: "89abcdef0123456789abcdef0123456789abcdef".to_owned(),
        reachable: Some(true),
        committer: Some(format!("Bob {ugly}")),
        committer_email: Some(format!("{ugly}@example.org")),
        committed: Some("2026-01-03T03:04:05+01:00".to_owned()),
        refs: vec![format!("refs/heads/{ugly}")],
        more_refs: 2,
        ..GitPlace::default()
    }
}
