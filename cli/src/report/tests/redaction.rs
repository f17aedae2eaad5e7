//! The redactor by itself.

use std::borrow::Cow;

use super::sample::{Sample, text};
use crate::report::Redactor;

/// A redactor that knows the sample's secrets and, beside them, a few of other kinds.
fn redacted(texts: impl Fn(&Sample, &Redactor<'_>)) {
    let mut sample = Sample::plain();
    let mut weak = sample.findings.first().cloned().into_iter().collect::<Vec<_>>();
    for word in ["postgres", "a1!", "p4ss/w\"rd"] {
        let mut finding = weak[0].clone();
        finding.secret = stanch_model::Secret::new(word.as_bytes().to_vec());
        finding.preview = "********".to_owned();
        weak.push(finding);
    }
    sample.findings.extend(weak.split_off(1));
    texts(&sample, &Redactor::new(&sample.engine, &sample.findings));
}

#[test]
fn known_secrets_go_in_every_form() {
    redacted(|sample, redactor| {
        let token = &sample.secrets.token;
        let preview = format!("acme_********{}", &token[token.len() - 4..]);
        let escaped = token.chars().map(|c| format!("\\u{:04x}", c as u32)).collect::<Vec<_>>().concat();
        for form in
            [token.clone(), token.replace('_', "%5F"), escaped, format!("{}\u{200b}{}", &token[..9], &token[9..])]
        {
            assert_eq!(redactor.redact(&format!("a/{form}/b")), format!("a/{preview}/b"), "{form}");
        }
        assert_eq!(redactor.redact(r#"x p4ss/w"rd y"#), "x ******** y");
        assert_eq!(redactor.redact(r#"x p4ss\/w\"rd y"#), "x ******** y");
        assert_eq!(redactor.redact("x p4ss%2Fw%22rd y"), "x ******** y");
    });
}

#[test]
fn what_nobody_looked_for_goes_too() {
    redacted(|_, redactor| {
        let stranger = text("{{acme_{base62:32}}}", 99);
        let shown = redactor.redact(&format!("fix {stranger}!")).into_owned();
        assert_eq!(shown, format!("fix acme_********{}!", &stranger[stranger.len() - 4..]));
    });
}

#[test]
fn plain_words_go_where_they_stand_alone_and_stay_in_names() {
    redacted(|_, redactor| {
        assert_eq!(redactor.redact("login postgres failed"), "login ******** failed");
        assert_eq!(redactor.redact("postgresql, my_postgres"), "postgresql, my_postgres");
        assert_eq!(redactor.redact("a1! ba1!"), "******** ba1!");
        // What was clean as a name is not clean elsewhere, however often either was asked.
        for _ in 0..3 {
            assert_eq!(redactor.name("docker/postgres/init.sql"), "docker/postgres/init.sql");
            assert_eq!(redactor.redact("docker/postgres/init.sql"), "docker/********/init.sql");
        }
    });
}

#[test]
fn innocent_text_is_handed_through() {
    redacted(|_, redactor| {
        for innocent in ["", "src/main.rs", "50% of it", r"C:\new\table", "Grüße", "%%%2", "\\u12", "%é"] {
            assert!(matches!(redactor.redact(innocent), Cow::Borrowed(same) if same == innocent), "{innocent}");
        }
    });
}

#[test]
fn overlaps_go_under_one_preview() {
    redacted(|sample, redactor| {
        let twice = format!("{0}{0}", sample.secrets.token);
        let shown = redactor.redact(&twice).into_owned();
        assert_eq!(shown.matches("acme_********").count(), 2, "{shown}");
        assert!(shown.len() < 40, "{shown}");
    });
}

#[test]
fn what_hides_is_shown_and_machines_get_it_as_it_is() {
    redacted(|_, redactor| {
        assert_eq!(redactor.name("a\u{202e}b\nc"), "a\\u{202e}b\\nc");
        assert_eq!(redactor.hide_name("a\u{202e}b\nc"), "a\u{202e}b\nc");
    });
}
