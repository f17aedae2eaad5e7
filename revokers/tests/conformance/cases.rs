//! The table of all cases.

use std::time::Duration;

use stanch_testkit::double::{Cast, Fault};

use crate::scene::Scene;
use crate::suite::Verdict;
use crate::{resuming, revoking, rotating, verifying};

/// What is tried with every kind.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Who plays.
    pub(crate) cast: Cast,
    /// What goes wrong, if something does. It is told the address of a trap.
    pub(crate) trouble: Option<Trouble>,
    /// What happens; the error is a verdict, too, and ends it early.
    pub(crate) play: fn(&Scene<'_>) -> Result<Verdict, Verdict>,
}

impl Case {
    /// Whether what is sent in it is what a provider gets in earnest.
    pub(crate) fn is_usual(&self) -> bool {
        self.trouble.is_none() && self.name != HOSTILE_HOST
    }
}

/// What goes wrong.
#[derive(Clone, Copy)]
pub(crate) struct Trouble {
    /// The fault; it is told the address of a server that nobody may call.
    pub(crate) fault: fn(&str) -> Fault,
    /// Whether what was asked for is done all the same.
    pub(crate) served: bool,
    /// Whether there is nothing to see where the answer has no body.
    pub(crate) needs_body: bool,
}

const ALONE: Cast =
    Cast { twin: false, stranger: false, disabled: false, deleted: false, also: 0, keeps: false, seed: 0 };

const fn case(name: &'static str, play: fn(&Scene<'_>) -> Result<Verdict, Verdict>) -> Case {
    Case { name, cast: ALONE, trouble: None, play }
}

const fn with(cast: Cast, mut case: Case) -> Case {
    case.cast = cast;
    case
}

/// A fault in place of an answer: nothing is done.
const fn instead(fault: fn(&str) -> Fault) -> Trouble {
    Trouble { fault, served: false, needs_body: false }
}

/// A fault on the way back: all is done.
const fn after(fault: fn(&str) -> Fault) -> Trouble {
    Trouble { fault, served: true, needs_body: false }
}

/// The same, of an answer's body.
const fn in_body(fault: fn(&str) -> Fault) -> Trouble {
    Trouble { fault, served: true, needs_body: true }
}

impl Trouble {
    /// Whether answers come too late.
    pub(crate) fn is_slow(self) -> bool {
        (self.fault)("") == Fault::Slow(SLOWNESS)
    }
}

const fn read(name: &'static str, trouble: Trouble) -> Case {
    Case { name, cast: ALONE, trouble: Some(trouble), play: verifying::proves_nothing }
}

const fn write(name: &'static str, trouble: Trouble) -> Case {
    Case { name, cast: ALONE, trouble: Some(trouble), play: revoking::in_trouble }
}

const fn proof(name: &'static str, trouble: Trouble) -> Case {
    Case { name, cast: ALONE, trouble: Some(trouble), play: revoking::without_proof }
}

const STATUS_401: Trouble = instead(|_| Fault::Status(401, None));
const STATUS_403: Trouble = instead(|_| Fault::Status(403, None));
const STATUS_404: Trouble = instead(|_| Fault::Status(404, None));
const THROTTLED: Trouble = instead(|_| Fault::Status(429, Some(3600)));
const STATUS_500: Trouble = instead(|_| Fault::Status(500, None));
const STATUS_503: Trouble = instead(|_| Fault::Status(503, None));
const LOOSE_403: Trouble = instead(|_| Fault::Loose403);
const HTML_403: Trouble = instead(|_| Fault::Html403);
const PORTAL_200: Trouble = instead(|_| Fault::Portal200);
const REDIRECT: Trouble = instead(|trap| Fault::Redirect(format!("{trap}/elsewhere")));
const RESET_BEFORE: Trouble = instead(|_| Fault::ResetBefore);
const ACCEPTED_202: Trouble = instead(|_| Fault::Accepted202NoEffect);
const LOST_ANSWER: Trouble = after(|_| Fault::LostAnswer);
const SLOW: Trouble = after(|_| Fault::Slow(SLOWNESS));
const OVERSIZED: Trouble = in_body(|_| Fault::Oversized((8 << 20) + 1024));
const RESET_MID_BODY: Trouble = in_body(|_| Fault::ResetMidBody);
const NOT_JSON: Trouble = in_body(|_| Fault::NotJson);
const WRONG_TYPE: Trouble = in_body(|_| Fault::WrongType);

/// Longer than a scene's client waits for an answer where it is slow.
pub(crate) const SLOWNESS: Duration = Duration::from_secs(30);

const HOSTILE_HOST: &str = "hostile host";

/// Every case.
pub(crate) const CASES: &[Case] = &[
    case("alive", verifying::alive),
    with(Cast { disabled: true, ..ALONE }, case("dead already: disabled", verifying::dead)),
    with(Cast { deleted: true, ..ALONE }, case("dead already: deleted", verifying::dead)),
    case("offline", verifying::offline),
    case(HOSTILE_HOST, verifying::hostile_host),
    case("an id that stood near", verifying::stood_near),
    read("read: 401", STATUS_401),
    read("read: 403", STATUS_403),
    read("read: 404", STATUS_404),
    read("read: 429 with Retry-After", THROTTLED),
    read("read: 500", STATUS_500),
    read("read: 503", STATUS_503),
    read("read: 403 that could be anybody's", LOOSE_403),
    read("read: 403 of a firewall", HTML_403),
    read("read: 200 of a captive portal", PORTAL_200),
    read("read: redirect", REDIRECT),
    read("read: reset before the answer", RESET_BEFORE),
    read("read: reset in the body", RESET_MID_BODY),
    read("read: lost answer", LOST_ANSWER),
    read("read: slow", SLOW),
    read("read: oversized", OVERSIZED),
    read("read: 202", ACCEPTED_202),
    read("read: no JSON", NOT_JSON),
    read("read: other types", WRONG_TYPE),
    case("revoke", revoking::revoke),
    case("revoke twice", revoking::twice),
    case("contain and undo", revoking::contain),
    case("wrong owner", revoking::wrong_owner),
    with(Cast { stranger: true, ..ALONE }, case("a stranger's key", revoking::stranger)),
    with(Cast { twin: true, ..ALONE }, case("two keys of one mask", revoking::twin)),
    case("no responder", revoking::no_responder),
    case("wrong responder", revoking::wrong_responder),
    case("foreign by policy", revoking::foreign),
    write("revoke: 401", STATUS_401),
    write("revoke: 403", STATUS_403),
    write("revoke: 404", STATUS_404),
    write("revoke: 429 with Retry-After", THROTTLED),
    write("revoke: 500", STATUS_500),
    write("revoke: 503", STATUS_503),
    write("revoke: 403 that could be anybody's", LOOSE_403),
    write("revoke: 403 of a firewall", HTML_403),
    write("revoke: 200 of a captive portal", PORTAL_200),
    write("revoke: redirect", REDIRECT),
    write("revoke: reset before the answer", RESET_BEFORE),
    write("revoke: reset in the body", RESET_MID_BODY),
    write("revoke: lost answer", LOST_ANSWER),
    write("revoke: slow", SLOW),
    write("revoke: oversized", OVERSIZED),
    write("revoke: 202 without effect", ACCEPTED_202),
    write("revoke: no JSON", NOT_JSON),
    write("revoke: other types", WRONG_TYPE),
    proof("proof: 500", STATUS_500),
    proof("proof: 403 that could be anybody's", LOOSE_403),
    proof("proof: 200 of a captive portal", PORTAL_200),
    proof("proof: redirect", REDIRECT),
    proof("proof: lost answer", LOST_ANSWER),
    case("later: off, then gone", resuming::later),
    case("later: put on again meanwhile", resuming::on_again),
    case("later: nobody sees whether it is off", resuming::unseen),
    case("later: 503 to the last step", resuming::second_step_fails),
    case("503 to the last step", resuming::second_step_fails_at_once),
    case("again after 429: dead meanwhile", resuming::dead_meanwhile),
    case("again after 429: nobody sees it", resuming::unseen_second_try),
    case("rotate", rotating::rotate),
    case("rotate: the successor is not stored", rotating::unstored),
    case("rotate: lost answer", rotating::lost),
    case("rotate: find and remove", rotating::found),
];
