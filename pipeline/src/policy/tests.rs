//! What holds of every set of policies, and of the shipped ones.

use proptest::prelude::*;
use stanch_revokers::kind::Authority;

use super::*;
use crate::{Decision, Exposure, Means, Verdict};

/// A policy in short: its name, its annotations, its head, its condition.
fn policy(id: &str, terms: &str, effect: &str, action: &str, when: &str) -> String {
    format!("@id(\"{id}\") @why(\"a test\") {terms} {effect} (principal, {action}, resource) when {{ {when} }};\n")
}

fn permit(id: &str, terms: &str, action: &str) -> String {
    policy(id, terms, "permit", &format!("action == Action::\"{action}\""), "true")
}

fn forbid(id: &str, terms: &str, action: &str) -> String {
    policy(id, terms, "forbid", &format!("action == Action::\"{action}\""), "true")
}

fn parse(text: &str) -> Policies {
    Policies::parse(text, "test.cedar").unwrap_or_else(|error| panic!("{error}"))
}

/// A live key of ours of which everything is possible.
fn facts() -> Facts {
    Facts {
        verification: Verification::Active,
        ownership: Owned::Ours,
        exposure: Exposure::Public,
        authority: Authority::Admin,
        reversible: true,
        rotatable: true,
        ..Facts::default()
    }
}

fn decide(policies: &[String]) -> Decision {
    parse(&policies.concat()).decide(&facts())
}

#[test]
fn shipped_sets_decide_as_their_cases_say() {
    for set in &SHIPPED {
        let suite = Suite::parse(set.cases, set.name).unwrap_or_else(|error| panic!("{error}"));
        let policies = suite.policies("".as_ref()).unwrap_or_else(|error| panic!("{error}"));
        let reports = suite.run(&policies).unwrap_or_else(|error| panic!("{error}"));
        for report in &reports {
            assert!(
                report.passed(),
                "{}: {}: {:#?}\n{}",
                set.name,
                report.name,
                report.differences,
                report.decision.why
            );
        }
        let own = |id: &String| id.starts_with(&format!("{}.", set.name));
        let dead: Vec<String> = Suite::unreached(&policies, &reports).into_iter().filter(own).collect();
        assert!(dead.is_empty(), "no case of {} reaches {dead:?}", set.name);
    }
}

#[test]
fn shipped_sets_explain_themselves_and_bear_their_names() {
    for set in &SHIPPED {
        assert!(set.about().len() > 100, "{}", set.name);
        let policies = Policies::default().with_shipped(set).unwrap_or_else(|error| panic!("{error}"));
        assert!(policies.iter().all(|policy| policy.id.starts_with(&format!("{}.", set.name))));
        assert_eq!(Shipped::find(set.name).map(|found| found.text), Some(set.text));
    }
}

#[test]
fn of_permitted_verdicts_the_most_cautious_wins() {
    let all = |names: &[&str]| decide(&names.iter().map(|name| permit(name, "", name)).collect::<Vec<_>>()).verdict;
    assert_eq!(all(&[]), Verdict::Ask);
    assert_eq!(all(&["ignore"]), Verdict::Ignore);
    assert_eq!(all(&["ignore", "notify"]), Verdict::Notify);
    assert_eq!(all(&["ignore", "notify", "act", "contain"]), Verdict::Act);
    assert_eq!(all(&["ignore", "notify", "act", "contain", "ask"]), Verdict::Ask);
}

#[test]
fn forbid_beats_permit_and_leads_to_people() {
    for verdict in ["ignore", "notify", "act"] {
        let decision = decide(&[permit("p", "", verdict), permit("m", "", "contain"), forbid("f", "", verdict)]);
        assert_eq!(decision.verdict, Verdict::Ask, "{verdict}");
        assert_eq!(decision.policies, ["f", "m", "p"], "{verdict}");
        assert!(decision.why.contains("permitted and forbidden"), "{}", decision.why);
    }
}

#[test]
fn of_permitted_means_the_one_that_changes_least_wins() {
    let act = || permit("act", "", "act");
    let decision = decide(&[act(), permit("r", "", "revoke"), permit("c", "", "contain"), permit("o", "", "rotate")]);
    assert_eq!((decision.verdict, decision.means), (Verdict::Act, Some(Means::Contain)));
    let fixed = Facts { reversible: false, ..facts() };
    let set = parse(&[act(), permit("r", "", "revoke"), permit("c", "", "contain")].concat());
    assert_eq!((set.decide(&fixed).verdict, set.decide(&fixed).means), (Verdict::Act, Some(Means::Revoke)));
    let rotate = parse(&[act(), permit("o", "", "rotate")].concat());
    assert_eq!((rotate.decide(&facts()).verdict, rotate.decide(&facts()).means), (Verdict::Act, Some(Means::Rotate)));
    let never = Facts { rotatable: false, ..facts() };
    assert_eq!((rotate.decide(&never).verdict, rotate.decide(&never).means), (Verdict::Ask, Some(Means::Revoke)));
}

#[test]
fn a_forbidden_means_is_not_even_proposed() {
    let decision = decide(&[
        permit("act", "", "act"),
        permit("r", "", "revoke"),
        permit("o", "", "rotate"),
        forbid("f", "", "revoke"),
    ]);
    assert_eq!((decision.verdict, decision.means), (Verdict::Ask, Some(Means::Rotate)));
    let decision = decide(&[forbid("f", "", "revoke")]);
    assert_eq!((decision.verdict, decision.means), (Verdict::Ask, Some(Means::Contain)));
    let decision = decide(&["contain", "revoke", "rotate"].map(|means| forbid(means, "", means)));
    assert_eq!((decision.verdict, decision.means), (Verdict::Ask, None));
}

#[test]
fn nothing_is_done_without_a_plan() {
    let set = parse(&[permit("act", "", "act"), permit("r", "", "revoke")].concat());
    for &obstacle in Obstacle::ALL.iter().filter(|one| **one != Obstacle::None) {
        let decision = set.decide(&Facts { obstacle, ..facts() });
        assert_eq!(decision.verdict, Verdict::Ask);
        assert!(decision.why.contains(obstacle.as_str()), "{}", decision.why);
    }
    assert_eq!(set.decide(&Facts { authority: Authority::None, ..facts() }).verdict, Verdict::Ask);
}

#[test]
fn the_strictest_terms_hold() {
    let decision = decide(&[
        permit("a", r#"@approvals("2") @wait("1h") @approval_lasts("8h") @approvers("b,a")"#, "ask"),
        permit("b", r#"@approvals("3") @wait("24h") @approval_lasts("9h") @approvers("c")"#, "ask"),
        permit("c", r#"@wait("12h") @approval_lasts("1h") @approvers("a,b")"#, "revoke"),
        // It does not decide: nobody asked to ignore.
        permit("d", r#"@approvals("9") @wait("99d") @approval_lasts("1s") @approvers("d")"#, "ignore"),
    ]);
    assert_eq!((decision.approvals, decision.wait, decision.approval_lasts), (3, 86_400, 3_600));
    assert_eq!(decision.approvers, [vec!["a".to_owned(), "b".to_owned()], vec!["c".to_owned()]]);
    assert_eq!(decision.policies, ["a", "b", "c"]);
    let plain = decide(&[]);
    assert_eq!((plain.approvals, plain.wait, plain.approval_lasts, plain.approvers.len()), (1, 0, 86_400, 0));
}

#[test]
fn who_asks_for_approvals_is_not_passed_over() {
    for terms in [r#"@approvals("1")"#, r#"@approvers("security")"#] {
        assert_eq!(decide(&[permit("a", terms, "act"), permit("c", "", "contain")]).verdict, Verdict::Ask);
        assert_eq!(decide(&[permit("a", "", "act"), permit("c", terms, "contain")]).verdict, Verdict::Ask);
    }
    // A forbid of `act` has its say about approvals wherever people are asked.
    assert_eq!(decide(&[forbid("f", r#"@approvals("2")"#, "act")]).approvals, 2);
}

/// Cedar has no other arithmetic that can fail than that of numbers too large.
const FAILS: &str = "resource.severity_level * 9223372036854775807 > 0";

#[test]
fn what_cannot_be_evaluated_is_asked_and_told() {
    let at_once = || [permit("a", "", "act"), permit("c", "", "contain")].concat();
    for (effect, action) in [("permit", "act"), ("forbid", "act"), ("forbid", "contain"), ("permit", "ignore")] {
        let broken = policy("broken", "", effect, &format!("action == Action::\"{action}\""), FAILS);
        let decision = parse(&(at_once() + &broken)).decide(&facts());
        assert_eq!(decision.verdict, Verdict::Ask, "{effect} {action}");
        assert!(decision.errors.iter().any(|error| error.starts_with("broken: ")), "{:?}", decision.errors);
        assert!(decision.why.contains("could not be evaluated"), "{}", decision.why);
        assert_eq!(decision.means == Some(Means::Contain), action != "contain", "a wall that is broken holds");
    }
    let ignore = permit("i", "", "ignore") + &policy("broken", "", "forbid", "action == Action::\"notify\"", FAILS);
    assert_eq!(parse(&ignore).decide(&facts()).verdict, Verdict::Ask);
}

/// What is wrong with a text: line, column, and the words.
fn wrong(text: &str) -> (usize, usize, String) {
    let error = Policies::parse(text, "test.cedar").map(drop);
    let defects = error.as_ref().map_or_else(|error| error.defects().to_vec(), |()| Vec::new());
    let first = defects.first().unwrap_or_else(|| panic!("it is refused: {text}"));
    (first.line, first.column, first.to_string())
}

#[test]
fn what_the_schema_does_not_know_is_refused_with_its_place() {
    let when = |condition: &str| format!("\n{}", policy("x", "", "permit", "action == Action::\"act\"", condition));
    for (text, needle) in [
        (when("resource.exposur == Exposure::\"public\""), "exposur"),
        (when("resource.exposure == Exposure::\"pubic\""), "pubic"),
        (when("resource.exposure == \"public\""), "String"),
        (when("resource.age_days > 3"), "age_days"),
        (when("resource.getTag(\"team\") == \"x\""), "team"),
        (when("context.minute == 3"), "minute"),
        (when("resource.verification == Exposure::\"public\""), "policy is impossible"),
        (format!("\n{}", permit("x", "", "delete")), "delete"),
        ("\npermit (principal, action, resource".to_owned(), "unexpected"),
    ] {
        let (line, _, said) = wrong(&text);
        assert_eq!(line, 2, "{said}");
        assert!(said.contains(needle) && !said.contains("policy0"), "{needle} in {said}");
    }
    let (line, column, _) = wrong(&when("resource.canary && resource.exposur == Exposure::\"public\""));
    let at = when("resource.canary && resource.exposur").lines().nth(1).and_then(|text| text.find("resource.exposur"));
    assert_eq!((line, Some(column)), (2, at.map(|at| at + 1)));
}

#[test]
fn what_people_need_is_demanded() {
    let plain = "(principal, action == Action::\"act\", resource);";
    let twice = permit("x", "", "act") + "\n" + &permit("x", "", "ask");
    for (text, needle) in [
        (format!("permit {plain}"), "without a name"),
        (format!("@id(\"a b\") @why(\"w\") permit {plain}"), "without a name"),
        (format!("@id(\"a\") permit {plain}"), "does not say why"),
        (format!("@id(\"a\") @why(\"w\") @aprovals(\"2\") permit {plain}"), "@aprovals"),
        (format!("@id(\"a\") @why(\"w\") @approvals(\"0\") permit {plain}"), "@approvals"),
        (format!("@id(\"a\") @why(\"w\") @wait(\"soon\") permit {plain}"), "@wait"),
        (twice, "test.cedar:1"),
        (forbid("x", "", "ask"), "asking cannot be forbidden"),
        ("@id(\"a\") @why(\"w\") permit (principal == ?principal, action, resource);".to_owned(), "template"),
    ] {
        let (_, _, said) = wrong(&text);
        assert!(said.contains(needle), "{needle} in {said}");
    }
}

#[test]
fn a_name_is_taken_across_files() {
    let one = parse(&permit("x", "", "act"));
    let two = one.with(&format!("\n\n{}", permit("x", "", "ask")), "two.cedar");
    let said = two.map(drop).map_err(|error| error.to_string());
    assert_eq!(said, Err("two.cedar:3:1: `x` is the name of another policy, at test.cedar:1".to_owned()));
}

#[test]
fn a_policy_knows_where_it_stands() {
    let set = parse(&format!("// one\n{}\n// two\n{}", permit("b", "", "act"), permit("a", "", "act")));
    let lines: Vec<(&str, usize)> = set.iter().map(|policy| (policy.id.as_str(), policy.line)).collect();
    assert_eq!(lines, [("a", 5), ("b", 2)]);
}

#[test]
fn labels_can_be_asked_for() {
    let text = policy(
        "t",
        "",
        "permit",
        "action == Action::\"ignore\"",
        r#"resource.hasTag("team") && resource.getTag("team") == "lab""#,
    );
    let of = |team: &str| Facts { labels: [("team".to_owned(), team.to_owned())].into(), ..facts() };
    let set = parse(&text);
    assert_eq!((set.decide(&of("lab")).verdict, set.decide(&of("shop")).verdict), (Verdict::Ignore, Verdict::Ask));
}

#[test]
fn a_suite_tells_what_differs() {
    let text = "shipped = ['default']\n[[case]]\nname = 'x'\nexpect = { verdict = 'act', means = 'none', wait = '1h', policies = ['y'] }";
    let suite = Suite::parse(text, "x.test.toml").unwrap_or_else(|error| panic!("{error}"));
    let policies = suite.policies("".as_ref()).unwrap_or_else(|error| panic!("{error}"));
    let reports = suite.run(&policies).unwrap_or_else(|error| panic!("{error}"));
    let differences: Vec<String> = reports
        .iter()
        .flat_map(|report| &report.differences)
        .map(|d| format!("{} {} {}", d.what, d.expected, d.got))
        .collect();
    assert_eq!(differences, ["verdict act ask", "wait 1h 0s", "policies y default.proven-alive, default.proven-ours"]);
    assert!(Suite::unreached(&policies, &reports).contains(&"default.canary".to_owned()));
}

#[test]
fn a_suite_that_tests_nothing_is_refused() {
    for (text, needle) in [
        ("shipped = ['default']", "no [[case]]"),
        ("[[case]]\nname = 'x'\nexpect = { verdict = 'act' }", "nothing is tested"),
        ("shipped = ['default']\n[[case]]\nname = 'x'\nexpect = {}", "expects nothing"),
        (
            "shipped = ['default']\n[[case]]\nname = 'x'\nfacts = { exposre = 'public' }\nexpect = { verdict = 'act' }",
            "exposre",
        ),
        ("shipped = ['default']\n[[case]]\nname = 'x'\nexpect = { wait = 'long' }", "long"),
        ("shipped = ['default']\n[[case]]\nname = 'x'\nexpect = { means = 'kill' }", "means"),
    ] {
        let said = Suite::parse(text, "x").map(drop).map_err(|error| error.to_string()).err().unwrap_or_default();
        assert!(said.contains(needle), "{needle} in `{said}`");
    }
    let suite = Suite::parse("shipped = ['x']\n[[case]]\nname = 'x'\nexpect = { verdict = 'act' }", "x");
    assert!(suite.is_ok_and(|suite| suite.policies("".as_ref()).is_err()));
}

/// The blocks of the manual in a language.
fn manual(language: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/policy.md");
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}"));
    let parts = text.split("\n```").filter_map(|part| part.strip_prefix(language)?.strip_prefix('\n'));
    parts.map(ToOwned::to_owned).collect()
}

#[test]
fn the_examples_of_the_manual_hold() {
    let (policies, suites) = (manual("cedar"), manual("toml"));
    assert_eq!((policies.len(), suites.len()), (4, 1));
    assert_eq!(parse(&policies.concat()).len(), 4);
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    for (name, text) in [("mine.cedar", &policies[0]), ("mine.test.toml", &suites[0])] {
        std::fs::write(folder.path().join(name), text).unwrap_or_else(|error| panic!("{error}"));
    }
    let loaded = Suite::load(&folder.path().join("mine.test.toml"));
    let (suite, policies) = loaded.unwrap_or_else(|error| panic!("{error}"));
    let reports = suite.run(&policies).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(reports.len(), 3);
    assert!(reports.iter().all(CaseReport::passed), "{reports:#?}");
}

#[test]
fn the_manual_names_every_fact() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/policy.md");
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}"));
    let table: String = text.lines().filter(|line| line.starts_with("| `") || line.starts_with("| tags")).collect();
    let attributes = SCHEMA.lines().filter_map(|line| line.strip_prefix("    ")?.split_once(": "));
    let names: Vec<&str> = attributes.map(|(name, _)| name.trim_end_matches('?')).collect();
    assert!(names.len() > 20, "{names:?}");
    let missing: Vec<&&str> = names.iter().filter(|name| !table.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

/// One policy of a made-up set: effect, which actions, which condition, which terms.
fn made_up(id: usize, forbids: bool, (action, condition, terms): (usize, usize, usize)) -> String {
    const ACTIONS: [&str; 9] = [
        r#"action == Action::"ignore""#,
        r#"action == Action::"notify""#,
        r#"action == Action::"act""#,
        r#"action == Action::"contain""#,
        r#"action == Action::"revoke""#,
        r#"action == Action::"rotate""#,
        r#"action in [Action::"act", Action::"contain"]"#,
        "action",
        r#"action == Action::"ask""#,
    ];
    const CONDITIONS: [&str; 4] = ["true", "resource.canary", "resource.exposure == Exposure::\"public\"", FAILS];
    const TERMS: [&str; 5] =
        ["", "@approvals(\"2\")", "@approvers(\"a,b\") @wait(\"1h\")", "@approval_lasts(\"1h\")", "@wait(\"1d\")"];
    let action = ACTIONS[if forbids { action % 8 } else { action }];
    policy(&format!("p{id}"), TERMS[terms], if forbids { "forbid" } else { "permit" }, action, CONDITIONS[condition])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_forbid_never_makes_a_decision_less_cautious(
        set in prop::collection::vec((any::<bool>(), (0..9_usize, 0..3_usize, 0..5_usize)), 0..7),
        more in (0..8_usize, 0..4_usize, 0..5_usize),
        canary: bool, public: bool, reversible: bool, rotatable: bool,
    ) {
        let exposure = if public { Exposure::Public } else { Exposure::Internal };
        let facts = Facts { canary, exposure, reversible, rotatable, ..facts() };
        let text: String = set.iter().enumerate().map(|(id, (forbids, what))| made_up(id, *forbids, *what)).collect();
        let (before, after) = (parse(&text), parse(&(text + &made_up(99, true, more))));
        let (before, after) = (before.decide(&facts), after.decide(&facts));
        prop_assert!(after.verdict >= before.verdict, "{before:?}\n{after:?}");
        prop_assert!(after.verdict != Verdict::Act || after.means == before.means, "{before:?}\n{after:?}");
        prop_assert!(after.approvals >= before.approvals && after.wait >= before.wait);
        prop_assert!(after.approval_lasts <= before.approval_lasts);
        prop_assert!(before.approvers.iter().all(|list| after.approvers.contains(list)));
        prop_assert!(before.policies.iter().all(|id| after.policies.contains(id)));
    }

    #[test]
    fn the_same_facts_lead_to_the_same_decision(
        set in prop::collection::vec((any::<bool>(), (0..9_usize, 0..4_usize, 0..5_usize)), 0..7),
        canary: bool, public: bool,
    ) {
        let exposure = if public { Exposure::Public } else { Exposure::Internal };
        let facts = Facts { canary, exposure, ..facts() };
        let parts: Vec<String> = set.iter().enumerate().map(|(id, (forbids, what))| made_up(id, *forbids, *what)).collect();
        let turned: String = parts.iter().rev().cloned().collect();
        let decision = parse(&parts.concat()).decide(&facts);
        prop_assert_eq!(&decision, &parse(&turned).decide(&facts), "the order of policies means nothing");
        // Broken policies never act, and never are silent.
        prop_assert!(decision.errors.is_empty() || decision.verdict == Verdict::Ask);
        prop_assert!(decision.verdict < Verdict::Act || decision.means.is_some() || decision.verdict == Verdict::Ask);
    }
}
