//! A secret on its way in: from standard input, or typed without an echo. Never from the command line.

use std::collections::BTreeMap;
use std::io::{ErrorKind, IsTerminal, Read};

use stanch_model::Secret;
use stanch_revokers::kind::Kind;
use stanch_revokers::{Credential, Origin};
use zeroize::{Zeroize, Zeroizing};

use crate::exit::CliError;
use crate::progress::catch_interrupts;
use crate::stdin::interruption;

/// The most that is read of a secret with its parts, in bytes.
const MOST: u64 = 1 << 20;

/// The same of many secrets.
const MOST_LINES: u64 = 16 << 20;

/// What was typed or piped in.
pub(crate) struct Typed {
    pub(crate) secret: Secret,
    pub(crate) parts: Vec<(String, Secret)>,
}

/// Asks for a secret. Lines `name=value` after it are its parts, where `names` has the name.
pub(crate) fn ask(what: &str, names: &[String]) -> Result<Typed, CliError> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        // While it is asked for, nothing typed is shown: a signal that ended the process would leave the terminal so.
        catch_interrupts();
        let text = rpassword::prompt_password(format!("{what}: ")).map_err(|error| match error.kind() {
            ErrorKind::Interrupted => interruption(),
            _ => CliError::new(format!("cannot ask for the secret: {error}")),
        })?;
        return typed(&Zeroizing::new(text), names);
    }
    let mut text = Zeroizing::new(String::new());
    stdin
        .lock()
        .take(MOST)
        .read_to_string(&mut text)
        .map_err(|error| CliError::new(format!("cannot read the secret from standard input: {error}")))?;
    typed(&text, names)
}

/// Secrets, one a line, each once with the number of its first line. They come from a pipe only: nobody types a list without seeing it.
pub(crate) fn ask_lines() -> Result<Vec<(usize, Secret)>, CliError> {
    let stdin = std::io::stdin();
    let hint = "pipe them in, one a line, as in `stanch revoke --rule ID --each-line < leaked.txt`";
    if stdin.is_terminal() {
        return Err(CliError::new("many secrets are not typed in").hint(hint));
    }
    let mut text = Zeroizing::new(String::new());
    stdin
        .lock()
        .take(MOST_LINES + 1)
        .read_to_string(&mut text)
        .map_err(|error| CliError::new(format!("cannot read the secrets from standard input: {error}")))?;
    if text.len() as u64 > MOST_LINES {
        return Err(CliError::new("more than 16 MiB of secrets came: nothing was done").hint("give them in parts"));
    }
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, line) in (1..).zip(text.lines().map(str::trim)).filter(|(_, line)| !line.is_empty()) {
        lines.entry(line).or_insert(number);
    }
    if lines.is_empty() {
        return Err(CliError::new("no secret came").hint(hint));
    }
    Ok(lines.into_iter().map(|(line, number)| (number, Secret::new(line.as_bytes().to_vec()))).collect())
}

fn typed(text: &str, names: &[String]) -> Result<Typed, CliError> {
    let mut lines: Vec<&str> = text.trim_end().lines().collect();
    let mut parts = Vec::new();
    while let Some((name, value)) = lines.last().and_then(|line| line.split_once('=')) {
        if !names.iter().any(|known| known == name.trim()) {
            break;
        }
        parts.push((name.trim().to_owned(), Secret::new(value.trim().as_bytes().to_vec())));
        lines.pop();
    }
    let mut secret = lines.join("\n");
    let whole = Secret::new(secret.trim().as_bytes().to_vec());
    secret.zeroize();
    if whole.is_empty() {
        return Err(CliError::new("no secret came").hint(
            "pipe it in, as in `pass show leaked | stanch revoke --rule ID`, or run it in a terminal to be asked",
        ));
    }
    Ok(Typed { secret: whole, parts })
}

/// Gives a credential what `--part` said, as its user's word.
pub(crate) fn parts_of(credential: &mut Credential, kind: &Kind, given: &[String]) -> Result<(), CliError> {
    for one in given {
        let Some((name, value)) = one.split_once('=') else {
            return Err(CliError::new("a part is written name=value").hint(known(kind)));
        };
        if !kind.parts.contains_key(name) {
            return Err(CliError::new(format!("{} has no part `{name}`", kind.id)).hint(known(kind)));
        }
        credential.give(name, Origin::User, Secret::new(value.as_bytes().to_vec()));
    }
    Ok(())
}

fn known(kind: &Kind) -> String {
    if kind.parts.is_empty() {
        return format!("{} needs nothing beside the secret", kind.id);
    }
    let names: Vec<&str> = kind.parts.keys().map(String::as_str).collect();
    format!("its parts are {}", names.join(", "))
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "the tests look at made-up secrets")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<(String, Vec<String>), String> {
        let names = ["key_id".to_owned()];
        let typed = typed(text, &names).map_err(|error| error.to_string())?;
        let parts =
            typed.parts.iter().map(|(name, value)| format!("{name}:{}", String::from_utf8_lossy(value.expose())));
        Ok((String::from_utf8_lossy(typed.secret.expose()).into_owned(), parts.collect()))
    }

    #[test]
    fn parts_follow_the_secret_and_nothing_else_is_taken_for_one() {
        assert_eq!(read("abc\n"), Ok(("abc".to_owned(), Vec::new())));
        assert_eq!(read("abc=\nkey_id = k1\n"), Ok(("abc=".to_owned(), vec!["key_id:k1".to_owned()])));
        assert_eq!(read("{\n\"a\": 1\n}\n\n"), Ok(("{\n\"a\": 1\n}".to_owned(), Vec::new())));
        assert!(read("\n \n").is_err());
    }
}
