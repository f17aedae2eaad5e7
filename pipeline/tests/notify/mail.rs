//! Mail, by what a server gets to see.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use stanch_pipeline::config::PipelineConfig;
use stanch_pipeline::notify::{Occasion, Sent, Unsent};

use crate::bench::{TOKEN, config, incident, notice, notifier, run, tell};
use crate::mailbox::Mailbox;

fn mail(server: &Mailbox, more: &str) -> Result<Sent, Unsent> {
    tell(&config("mail.a", "http://127.0.0.1:1", &server.section(more)), Occasion::Detected)
}

#[test]
fn a_letter_has_two_forms_and_a_name_that_stays() {
    let server = Mailbox::start(&[]);
    let section = server.section(
        "to = ['Sec <sec@example.com>']\nowner_domains = ['EXAMPLE.com']\nuser = 'stanch'\npassword = { env = 'PW' }",
    );
    let notifier = notifier(&config("mail.a", "http://127.0.0.1:1", &section), Path::new(""));
    let notice = notice(&notifier, &incident(), Occasion::Detected);
    for _ in 0..2 {
        assert_eq!(run(notifier.send(&notice)), Ok(Sent::Told));
    }
    let letters = server.letters();
    let letter = letters.first().unwrap_or_else(|| panic!("a letter"));
    assert_eq!(letter.sender, "stanch@example.com");
    assert_eq!(letter.recipients, ["sec@example.com", "ann@example.com"]);
    for part in [
        "Subject: Leaked: Acme API key (high)\r\n",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(letter.text.contains(part), "{part}\n{}", letter.text);
    }
    let name = format!("Message-ID: <{}@example.com>", notice.id);
    assert!(letters.len() == 2 && letters.iter().all(|letter| letter.text.contains(&name)));
    // The password goes to the server, as its protocol has it, and stands in no letter.
    let login = STANDARD.encode(format!("\0stanch\0{TOKEN}"));
    assert!(server.said().contains(&login) && !letter.text.contains(TOKEN));
}

#[test]
fn an_owner_elsewhere_gets_nothing() {
    let server = Mailbox::start(&[]);
    assert_eq!(mail(&server, "owner_domains = ['other.org']"), Ok(Sent::Nothing));
    assert!(server.letters().is_empty());
}

#[test]
fn refusals_are_told_from_troubles() {
    let to = "to = ['sec@example.com']";
    for (verb, answer, retried) in [
        ("MAIL", "451 later", true),
        ("RCPT", "550 nobody", false),
        ("DATA", "452 full", true),
        ("MAIL", "", true),
        ("EHLO", "554 no", false),
    ] {
        let server = Mailbox::start(&[(verb, answer)]);
        let unsent = mail(&server, to).err().unwrap_or_else(|| panic!("{verb} {answer}"));
        assert_eq!(matches!(unsent, Unsent::Retry { .. }), retried, "{verb} {answer}: {unsent:?}");
        assert!(server.letters().is_empty());
    }
    let server = Mailbox::start(&[("AUTH", "535 wrong")]);
    let unsent = mail(&server, &format!("{to}\nuser = 'u'\npassword = {{ env = 'PW' }}")).err();
    assert!(
        matches!(&unsent, Some(Unsent::Failed { why }) if why.contains("535") && !why.contains(TOKEN)),
        "{unsent:?}"
    );
}

#[test]
fn nothing_is_said_without_tls_where_it_is_asked_for() {
    for tls in ["starttls", "implicit"] {
        let server = Mailbox::start(&[("AUTH", "535 never")]);
        let section = server
            .section("to = ['sec@example.com']\nuser = 'u'\npassword = { env = 'PW' }")
            .replace("'none'", &format!("'{tls}'"));
        let told = tell(&config("mail.a", "http://127.0.0.1:1", &section), Occasion::Detected);
        assert!(told.is_err(), "{tls}: {told:?}");
        assert!(!server.said().contains("AUTH") && !server.said().contains("MAIL"), "{tls}: {}", server.said());
    }
}

#[test]
fn what_is_not_encrypted_stays_on_this_machine() {
    let told = |section: &str| {
        let text = config("mail.a", "http://127.0.0.1:1", section);
        PipelineConfig::parse("c", &text).err().map(|error| error.to_string()).unwrap_or_default()
    };
    let section = "server = 'mail.example.com'\ntls = 'none'\nfrom = 'a@example.com'\nto = ['b@example.com']";
    assert!(told(section).contains("is not encrypted"));
    assert!(told("server = 'm'\nfrom = 'a@example.com'").contains("reaches nobody"));
    assert!(told("server = 'm'\nfrom = 'nobody'\nto = ['b@example.com']").contains("an address that is none"));
}
