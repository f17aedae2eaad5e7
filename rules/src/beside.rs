//! Facts that stand beside a credential, as a rule file writes them down: by the names that they are assigned to.

/// Quotes, with what escapes them in a text within a text, or the end of an index: `config["client_id"] = `.
const CLOSE: &str = r#"(?:\\*["'`]|\])*"#;
/// What stands between a name and its value.
const OPERATOR: &str = r"(?:[ \t]*(?:=>|:=|[:=,(>])[ \t]*|[ \t]+value[ \t]*=[ \t]*)";
/// A quote before a value.
const OPEN: &str = r#"(?:\\*["'`])?"#;

/// The expression that finds what is assigned to a name: in JSON, YAML, TOML, XML, environments, code, queries and headers. `value` is an
/// expression with the one group that is the fact.
///
/// A name is words of lower-case letters and digits with `_` between them; `client_id` is also meant by `CLIENT-ID`, `clientId` and
/// `azureClientId`, and not by `noclientid`.
pub(crate) fn assigned(names: &[String], value: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| any_case(name)).collect();
    format!(r"(?:{}){CLOSE}{OPERATOR}{OPEN}(?:{value})\b{{end-half}}", names.join("|"))
}

/// A name in any case and with any separator. It may end a longer one.
fn any_case(name: &str) -> String {
    const SEPARATOR: &str = "[-_. ]?";
    let words = name.replace('_', SEPARATOR);
    let (first, rest) = name.split_at_checked(1).unwrap_or((name, ""));
    let (capital, rest) = (first.to_ascii_uppercase(), rest.replace('_', SEPARATOR));
    format!(r"(?:\A|[^A-Za-z])(?i:{words})|[a-z0-9]{capital}(?i:{rest})")
}

/// Whether a name can be looked for.
pub(crate) fn is_name(name: &str) -> bool {
    let legal =
        |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    name.len() >= 2 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.split('_').all(legal)
}
