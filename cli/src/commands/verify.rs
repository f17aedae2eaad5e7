//! `stanch verify`: which of these credentials are alive, and whose are they?

use std::io::Write;

use serde::Serialize;
use stanch_revokers::{Liveness, Probe, Why};

use crate::args::{AnswerFormat, VerifyArgs};
use crate::exit::{CliError, Exit};
use crate::report::Redactor;
use crate::response::{Answered, Facts, Session, Subject, aged, block_on, liveness, one, redaction};
use crate::shell::Shell;

pub(crate) fn run(args: &VerifyArgs, shell: &mut Shell) -> Result<Exit, CliError> {
    let mut session = Session::new(&args.response)?;
    let (subjects, findings, failed) = if args.secret.rule.is_some() {
        let (_, subject, findings) = one(&args.secret)?;
        (vec![subject], findings, false)
    } else {
        crate::response::intake(&args.findings, &args.root, shell)?
    };
    let probes = block_on(session.verify_all(&subjects))?;
    session.keep();
    let engine = redaction();
    let redactor = Redactor::new(&engine, &findings);
    let answers: Vec<Answer<'_>> =
        subjects.iter().zip(probes).map(|(subject, probe)| Answer::new(subject, probe)).collect();
    write(&answers, &redactor, args.format, shell)?;
    Ok(match () {
        () if failed => Exit::Failed,
        () if answers.iter().any(|answer| answer.probe.liveness == Liveness::Active) => Exit::Findings,
        () => Exit::Clean,
    })
}

/// What was said of one credential.
#[derive(Serialize)]
struct Answer<'a> {
    schema: &'static str,
    rule: &'a str,
    title: &'a str,
    fingerprint: String,
    secret: &'a str,
    places: Vec<&'a str>,
    #[serde(rename = "verification")]
    probe: Probe,
    /// How many seconds ago the provider said so; absent if it was asked now.
    #[serde(skip_serializing_if = "Option::is_none")]
    age: Option<u64>,
}

impl<'a> Answer<'a> {
    fn new(subject: &'a Subject, answer: Option<Answered>) -> Self {
        let none = || Probe::unknown(Why::NoWay { provider: "nobody we know".to_owned() });
        let Answered { probe, age } = answer.unwrap_or_else(|| Answered { probe: none(), age: None });
        Self {
            schema: "stanch.verification/1",
            rule: &subject.rule,
            title: &subject.title,
            fingerprint: subject.credential.fingerprint.to_string(),
            secret: &subject.preview,
            places: subject.places().collect(),
            probe,
            age,
        }
    }
}

fn write(answers: &[Answer<'_>], redactor: &Redactor<'_>, format: AnswerFormat, shell: &Shell) -> Result<(), CliError> {
    let mut out = shell.stdout();
    match format {
        AnswerFormat::Human => {
            for answer in answers {
                let mut facts = Facts { out: &mut out, redactor };
                facts.head(answer.title, answer.secret)?;
                answer.places.iter().try_for_each(|place| facts.fact("at", place))?;
                liveness(&mut facts, &answer.probe)?;
                if let Some(age) = answer.age {
                    facts.fact("asked", &format!("{} ago; --max-age 0 asks anew", aged(age)))?;
                }
            }
            let count =
                |wanted: fn(&Liveness) -> bool| answers.iter().filter(|answer| wanted(&answer.probe.liveness)).count();
            writeln!(
                out,
                "{} credentials: {} alive, {} dead, {} unknown",
                answers.len(),
                count(|l| matches!(l, Liveness::Active)),
                count(|l| matches!(l, Liveness::Inactive)),
                count(|l| matches!(l, Liveness::Unknown { .. }))
            )?;
        }
        AnswerFormat::Json => {
            let text = serde_json::to_string_pretty(answers).map_err(std::io::Error::from)?;
            writeln!(out, "{}", redactor.hide(&text))?;
        }
        AnswerFormat::Jsonl => {
            for answer in answers {
                let text = serde_json::to_string(answer).map_err(std::io::Error::from)?;
                writeln!(out, "{}", redactor.hide(&text))?;
            }
        }
    }
    Ok(())
}
