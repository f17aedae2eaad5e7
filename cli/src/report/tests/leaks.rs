//! Nothing that is written shows a secret, unless that was asked for.

use clap::ValueEnum;
use stanch_testkit::Canary;

use super::sample::{PAGE, Sample};
use crate::report::{Format, Look};

#[test]
fn no_format_shows_a_secret() {
    let sample = Sample::hostile();
    let secrets = &sample.secrets;
    for format in Format::value_variants() {
        for look in [PAGE, Look { colour: true, width: 200 }] {
            let text = sample.write(*format, &look, false);
            for secret in [&secrets.token, &secrets.key_id, &secrets.key_secret, &secrets.unseen] {
                assert_eq!(Canary::new(secret, 5).seen_in(text.as_bytes()), None, "{format:?}: {text}");
            }
        }
    }
}

#[test]
fn every_format_shows_what_it_found_if_asked() {
    let sample = Sample::plain();
    let secrets = &sample.secrets;
    for format in Format::value_variants() {
        let text = sample.write(*format, &PAGE, true);
        for secret in [&secrets.token, &secrets.key_id, &secrets.key_secret] {
            assert!(text.contains(secret.as_str()), "{format:?}: {text}");
        }
    }
}

/// Escapes of colours are ours; everything else that moves the cursor or turns text would be the scanned repository's.
#[test]
fn no_format_writes_what_a_terminal_obeys() {
    let sample = Sample::hostile();
    for format in Format::value_variants() {
        let text = sample.write(*format, &PAGE, true);
        let obeyed: Vec<char> = text.chars().filter(|c| *c != '\n' && crate::report::redact::invisible(*c)).collect();
        assert_eq!(obeyed, Vec::<char>::new(), "{format:?}: {text}");
    }
}
