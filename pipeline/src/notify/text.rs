//! How a text of others is written where it must stay text: for each channel its own way.

use minijinja::value::ValueKind;
use minijinja::{Error, ErrorKind, Value};

/// The language that a channel's messages are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// None: a mail's text, a card's runs of text, the summary of an alert.
    Plain,
    /// A mail's page.
    Html,
    /// Slack's mrkdwn (<https://docs.slack.dev/messaging/formatting-message-text>).
    Slack,
    /// GitHub's Markdown.
    Markdown,
    /// JSON of a webhook.
    Json,
}

impl Format {
    /// A value of the context as it is written.
    pub(super) fn write(self, value: &Value) -> Result<String, Error> {
        if value.is_safe() {
            return Ok(value.to_string());
        }
        match (self, value.kind()) {
            (Self::Json, _) => {
                serde_json::to_string(value).map_err(|error| Error::new(ErrorKind::BadSerialization, error.to_string()))
            }
            (_, ValueKind::None | ValueKind::Undefined) => Ok(String::new()),
            (_, ValueKind::Number | ValueKind::Bool) => Ok(value.to_string()),
            _ => Ok(self.escape(&value.to_string())),
        }
    }

    /// A text that cannot be read as anything else.
    pub(super) fn escape(self, text: &str) -> String {
        match self {
            Self::Plain | Self::Json => text.to_owned(),
            Self::Html => html(text),
            Self::Slack => slack(text),
            Self::Markdown => markdown(text),
        }
    }

    /// A text that stands out. The text is one of others.
    pub(super) fn strong(self, text: &str) -> String {
        match self {
            Self::Plain | Self::Json => text.to_owned(),
            Self::Html => format!("<strong>{}</strong>", html(text)),
            Self::Slack => format!("*{}*", slack(text).replace('*', "∗")),
            Self::Markdown => format!("**{}**", markdown(text)),
        }
    }

    /// A text letter by letter: a path, an id.
    pub(super) fn code(self, text: &str) -> String {
        match self {
            Self::Plain | Self::Json => text.to_owned(),
            Self::Html => format!("<code>{}</code>", html(text)),
            Self::Slack if text.is_empty() => String::new(),
            Self::Slack => format!("`{}`", slack(text)),
            Self::Markdown => markdown(text),
        }
    }

    /// An address to be followed. What leads to no page is a text like any other.
    pub(super) fn anchor(self, address: &str) -> String {
        if !address.starts_with("https://") && !address.starts_with("http://") {
            return self.escape(address);
        }
        match self {
            Self::Plain | Self::Json => address.to_owned(),
            Self::Html => format!("<a href=\"{0}\">{0}</a>", html(address)),
            Self::Slack => format!("<{}>", slack(address).replace('|', "%7C")),
            Self::Markdown if address.contains(['<', '>', ' ']) => markdown(address),
            Self::Markdown => format!("<{address}>"),
        }
    }
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// Slack reads three characters only; a backtick would end the code in which a text stands, and has no other form.
fn slack(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('`', "'")
}

/// As code, in which GitHub sees neither markup nor mentions nor references: the fence is longer than any in the text
/// (<https://spec.commonmark.org/0.31.2/#code-spans>).
fn markdown(text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: &str = "<!channel> <@U1> &amp; `x` *b* @org/team #12 [a](http://evil) <img src=x onerror='y'>";

    #[test]
    fn nothing_of_a_text_is_markup() {
        let slack = Format::Slack.escape(HOSTILE);
        assert!(!slack.contains(['<', '>', '`']) && slack.contains("&amp;amp;"), "{slack}");
        let html = Format::Html.escape(HOSTILE);
        assert!(!html.contains(['<', '>', '\'', '"']), "{html}");
        let github = Format::Markdown.escape(HOSTILE);
        assert!(github.starts_with("``<") && github.ends_with(">``"), "{github}");
        assert_eq!(Format::Markdown.escape("``` a"), "```` ``` a ````");
        assert_eq!(Format::Markdown.escape(""), "");
        assert_eq!(Format::Plain.escape(HOSTILE), HOSTILE);
    }

    #[test]
    fn only_pages_are_followed() {
        assert_eq!(Format::Html.anchor("javascript:x"), "javascript:x");
        assert_eq!(Format::Slack.anchor("https://x.org/|<a>"), "<https://x.org/%7C&lt;a&gt;>");
        assert_eq!(Format::Markdown.anchor("https://x.org/a> [b](c)"), "`https://x.org/a> [b](c)`");
    }

    #[test]
    fn values_are_written_by_their_kind() {
        let write = |format: Format, value: Value| format.write(&value).unwrap_or_default();
        assert_eq!(write(Format::Json, Value::from("a\"\n")), r#""a\"\n""#);
        assert_eq!(write(Format::Json, Value::from(())), "null");
        assert_eq!(write(Format::Html, Value::from(())), "");
        assert_eq!(write(Format::Markdown, Value::from(3)), "3");
        assert_eq!(write(Format::Html, Value::from_safe_string("<b>".to_owned())), "<b>");
    }
}
