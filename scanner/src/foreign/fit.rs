//! Whether a value is what somebody calls it. What is sent to the wrong provider is leaked to it, and its refusal says nothing of the value.

use std::fmt;

use stanch_model::Finding;
use stanch_rules::Rule;

use super::recognise::{OWN_FORM, Recogniser};

/// Why a value is not sent to whom it is said to belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// What it was called.
    title: String,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    /// It stands in quotes or after a name.
    Wrapped,
    /// A rule whose secrets have a form of their own knows it, or something in it.
    Known { rule: String, title: String },
    /// It has another form.
    Form { looks: Vec<String> },
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = &self.title;
        match &self.why {
            Why::Wrapped => f.write_str("the secret stands in quotes or after a name"),
            Why::Known { title: other, .. } => {
                write!(f, "this is no {title}: it has the form of another kind, {other}")
            }
            Why::Form { .. } => write!(f, "this is no {title}: it has another form"),
        }
    }
}

impl Misfit {
    /// What to do about it.
    pub fn hint(&self) -> String {
        match &self.why {
            Why::Wrapped => "give the secret alone, as its provider showed it".to_owned(),
            Why::Known { rule, .. } => format!("its rule is `{rule}`"),
            Why::Form { looks } if looks.is_empty() => "give all of it, as its provider showed it".to_owned(),
            Why::Form { looks } => format!("one looks like `{}`", looks.join("` or `")),
        }
    }
}

impl Recogniser<'_> {
    /// Whether a value may be a secret of one of these rules. Where they have no form of their own, anything may be that does not look pasted
    /// with its quotes or name.
    ///
    /// # Errors
    /// Says why it is none.
    pub fn fits(&mut self, rules: &[&str], value: &str) -> Result<(), Misfit> {
        let value = value.trim();
        let known: Vec<&Rule> = rules.iter().filter_map(|id| self.rule(id)).collect();
        let Some(first) = known.first() else { return Ok(()) };
        let fits = |value: &str| known.iter().any(|rule| rule.has_form(value.as_bytes()) != Some(false));
        let wrapped = unwrapped(value).is_some_and(fits);
        if fits(value) && !(wrapped && known.iter().all(|rule| rule.has_form(value.as_bytes()).is_none())) {
            return Ok(());
        }
        let looks = || known.iter().flat_map(|rule| rule.forms()).take(3).map(String::from).collect();
        let title = first.title.to_string();
        let why = if wrapped {
            Why::Wrapped
        } else {
            let known = self
                .known_in(value)
                .map(|found| Why::Known { rule: found.rule.to_string(), title: found.title.into() });
            known.unwrap_or_else(|| Why::Form { looks: looks() })
        };
        Err(Misfit { title, why })
    }

    /// The surest finding in a value that goes by a provider's own form.
    fn known_in(&mut self, value: &str) -> Option<Finding> {
        let found = self.scan("", value.as_bytes()).into_iter();
        found.filter(|finding| self.rank(finding) >= OWN_FORM).max_by_key(|finding| self.rank(finding))
    }
}

/// What stands within quotes, or after the name of an environment variable; `None` if a value has neither.
fn unwrapped(value: &str) -> Option<&str> {
    let named = value.strip_prefix("export ").unwrap_or(value).split_once('=');
    let is_name = |name: &str| {
        name.contains('_')
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
    };
    let after = named.filter(|(name, after)| is_name(name) && !after.is_empty()).map(|(_, after)| after.trim());
    let inner = after.unwrap_or(value);
    let quoted = ['"', '\'', '`'].into_iter().find_map(|quote| inner.strip_prefix(quote)?.strip_suffix(quote));
    quoted.filter(|inner| !inner.is_empty()).or(after)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use stanch_model::FingerprintKey;
    use stanch_rules::RuleSet;

    use super::*;
    use crate::{Control, Engine};

    /// What is said of a value that is called a secret of a rule.
    fn told(rule: &str, value: &str) -> Result<(), String> {
        let (engine, key) = (Engine::new(RuleSet::builtin()), FingerprintKey::from_bytes([1; 32]));
        let stop = AtomicBool::new(false);
        let control = Control { engine: &engine, key: &key, stop: &stop, events: &(), jobs: 1 };
        let fits = Recogniser::new(&control).fits(&[rule], value);
        fits.map_err(|misfit| format!("{misfit}; {}", misfit.hint()))
    }

    fn minted(recipe: &str) -> String {
        let minted = stanch_rules::mint(recipe, 7).unwrap_or_else(|error| panic!("{error}"));
        String::from_utf8(minted.text).unwrap_or_default()
    }

    #[test]
    fn what_has_another_form_is_refused_and_named_if_it_is_known() {
        let router = minted("{{sk-or-v1-{hex-lower:64}}}");
        let github = minted("{{ghp_{base62:30}|github-crc32}}");
        assert_eq!(told("openrouter.api-key", &format!(" {router}\n")), Ok(()));
        let other = "this is no OpenRouter API key: it has the form of another kind, GitHub personal access token (classic); its rule is \
                     `github.personal-access-token`";
        assert_eq!(told("openrouter.api-key", &github), Err(other.to_owned()));
        assert_eq!(told("openrouter.api-key", &format!("GITHUB_TOKEN={github}")), Err(other.to_owned()));
        let form = "this is no OpenRouter API key: it has another form; one looks like `sk-or-v1-{hex-lower:64}`";
        assert_eq!(told("openrouter.api-key", "nothing"), Err(form.to_owned()));
        for pasted in [
            format!("\"{router}\""),
            format!("OPENROUTER_API_KEY={router}"),
            format!("export OPENROUTER_API_KEY='{router}'"),
        ] {
            let told = told("openrouter.api-key", &pasted);
            assert!(told.as_ref().is_err_and(|told| told.contains("quotes or after a name")), "{told:?}");
        }
    }

    #[test]
    fn what_has_no_form_may_be_anything_that_was_not_pasted() {
        for value in ["correct horse", "abc=def", "PASS=", "a\"b\""] {
            assert_eq!(told("uri.postgres", value), Ok(()), "{value}");
        }
        for value in ["\"correct horse\"", "PG_PASSWORD=horse", "'horse'"] {
            assert!(told("uri.postgres", value).is_err(), "{value}");
        }
        assert_eq!(told("no.such-rule", "anything"), Ok(()));
    }
}
