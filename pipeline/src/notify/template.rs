//! Messages out of templates: ours, or files of the user (<https://docs.rs/minijinja/latest/minijinja/syntax/>).
//!
//! The first line of a template is the title, in plain text: the subject of a mail, the headline of an alert. What follows is the body, in
//! the language of its channel. Values are written so that they stay text ([`Format`]); `strong(…)`, `code(…)` and `anchor(…)` say how one
//! looks, in every channel. For webhooks the whole file is the body, and has to come out as JSON.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};

use super::text::Format;
use super::view::{View, line};
use super::{Occasion, sample};
use crate::config::ConfigError;

/// A message, ready for its channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    /// One line of plain text.
    pub(super) title: String,
    /// The body, in the channel's language.
    pub(super) body: String,
}

/// The templates of a channel.
#[derive(Debug, Clone)]
pub(super) struct Templates {
    texts: BTreeMap<Occasion, Text>,
}

/// One template, with what it is called in errors.
#[derive(Debug, Clone)]
struct Text {
    file: String,
    source: String,
}

/// Our own, each followed by what is the same for all.
const fn own(occasion: Occasion) -> (&'static str, &'static str) {
    const FACTS: &str = include_str!("templates/facts.txt");
    let text = match occasion {
        Occasion::Detected => include_str!("templates/detected.txt"),
        Occasion::ApprovalNeeded => include_str!("templates/approval-needed.txt"),
        Occasion::Contained => include_str!("templates/contained.txt"),
        Occasion::Dead => include_str!("templates/dead.txt"),
        Occasion::ByHand => include_str!("templates/by-hand.txt"),
        Occasion::Overdue => include_str!("templates/overdue.txt"),
    };
    (text, FACTS)
}

impl Templates {
    /// Reads the user's files, and takes our own texts for the rest. Each is tried in every language of the channel, with an incident of which
    /// everything is known and one of which nothing is.
    ///
    /// # Errors
    /// If a file cannot be read or makes no message, with its line.
    pub(super) fn load(
        files: &BTreeMap<Occasion, PathBuf>,
        folder: &Path,
        formats: &[Format],
    ) -> Result<Self, ConfigError> {
        let json = formats.contains(&Format::Json);
        let mut texts = BTreeMap::new();
        for occasion in Occasion::ALL {
            let text = match files.get(&occasion) {
                Some(path) => read(&folder.join(path))?,
                // The body of a webhook is the view itself.
                None if json => continue,
                None => {
                    let (text, facts) = own(occasion);
                    Text { file: format!("our text for `{}`", occasion.as_str()), source: format!("{text}{facts}") }
                }
            };
            texts.insert(occasion, text);
        }
        let templates = Self { texts };
        for (&occasion, format) in
            templates.texts.keys().flat_map(|key| formats.iter().map(move |format| (key, format)))
        {
            for view in sample::views(occasion) {
                templates.render(*format, &view)?;
            }
        }
        Ok(templates)
    }

    /// Whether there is a template of the user for a webhook.
    pub(super) fn has(&self, occasion: Occasion) -> bool {
        self.texts.contains_key(&occasion)
    }

    /// The message of a view in a language.
    ///
    /// # Errors
    /// If the template fails, with its line.
    pub(super) fn render(&self, format: Format, view: &View) -> Result<Message, ConfigError> {
        let text = self.texts.get(&view.event).ok_or_else(|| ConfigError::new("templates", "there is none"))?;
        if format == Format::Json {
            let body = text.render(format, &text.source, view)?;
            serde_json::from_str::<serde::de::IgnoredAny>(&body)
                .map_err(|error| ConfigError::new(&text.file, format!("what comes out is no JSON: {error}")))?;
            return Ok(Message { title: String::new(), body });
        }
        let (title, _) = text.source.split_once('\n').unwrap_or((&text.source, ""));
        let title = line(&text.render(Format::Plain, title, view)?);
        if title.is_empty() {
            return Err(ConfigError::line(&text.file, Some(1), "the first line is the title, and it is empty"));
        }
        // The body keeps the line of the title, so that errors tell the line of the file.
        let body = text.source.get(text.source.find('\n').unwrap_or(text.source.len())..).unwrap_or_default();
        Ok(Message { title, body: tidy(&text.render(format, body, view)?) })
    }
}

impl Text {
    fn render(&self, format: Format, source: &str, view: &View) -> Result<String, ConfigError> {
        let fail = |error: &minijinja::Error| {
            let detail = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            ConfigError::line(&self.file, error.line(), detail)
        };
        environment(format).render_named_str("template", source, Serde(view)).map_err(|error| fail(&error))
    }
}

fn read(path: &Path) -> Result<Text, ConfigError> {
    let file = path.display().to_string();
    let source = std::fs::read_to_string(path).map_err(|error| ConfigError::file(&file, &error))?;
    Ok(Text { file, source })
}

fn environment(format: Format) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // A line with nothing but a block on it leaves no line. The usual delimiters are always a valid syntax.
    if let Ok(syntax) = SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build() {
        environment.set_syntax(syntax);
    }
    // The language is ours, not one that the name of a file tells.
    environment.set_auto_escape_callback(|_| AutoEscape::Custom("channel".into()));
    environment.set_formatter(move |out, state, value| {
        let text = match state.auto_escape() {
            AutoEscape::None => value.to_string(),
            _ => format.write(value)?,
        };
        out.write_str(&text).map_err(minijinja::Error::from)
    });
    for (name, style) in
        [("strong", Format::strong as fn(Format, &str) -> String), ("code", Format::code), ("anchor", Format::anchor)]
    {
        environment.add_function(name, move |text: Value| {
            let text = if text.is_none() { String::new() } else { style(format, &text.to_string()) };
            Value::from_safe_string(text)
        });
    }
    environment
}

/// No more than one empty line in a row, none at the ends.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim().lines() {
        empty = if line.trim().is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line.trim_end());
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str, formats: &[Format]) -> Result<Templates, String> {
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        std::fs::write(folder.path().join("t.txt"), text).map_err(|error| error.to_string())?;
        let files = BTreeMap::from([(Occasion::Dead, PathBuf::from("t.txt"))]);
        let name = folder.path().join("t.txt").display().to_string();
        Templates::load(&files, folder.path(), formats).map_err(|error| error.to_string().replace(&name, "t.txt"))
    }

    #[test]
    fn ours_make_messages_in_every_language() {
        for format in [Format::Plain, Format::Html, Format::Slack, Format::Markdown] {
            let templates = Templates::load(&BTreeMap::new(), Path::new(""), &[format]);
            let templates = templates.unwrap_or_else(|error| panic!("{error}"));
            for occasion in Occasion::ALL {
                let [full, _] = sample::views(occasion);
                let message = templates.render(format, &full).unwrap_or_else(|error| panic!("{error}"));
                assert!(message.body.contains(&full.id) && !message.body.contains("{{"), "{message:?}");
            }
        }
    }

    #[test]
    fn a_mistake_is_told_at_load_with_file_and_line() {
        let told = |text: &str| load(text, &[Format::Slack]).err().unwrap_or_default();
        assert_eq!(told("Title\n\n{{ titel }}"), "t.txt:3: undefined value");
        assert!(told("Title\n{% if %}").starts_with("t.txt:2: "), "{}", told("Title\n{% if %}"));
        assert!(told("Title\n{{ title|nope }}").starts_with("t.txt:2: "));
        assert!(told("{{ link }}\nbody").starts_with("t.txt:1: the first line is the title"));
        // Only an incident of which little is known shows this one.
        assert!(told("Title\n\n\n{{ places[0].place }}").starts_with("t.txt:4: "));
        assert!(load("{\"a\": {{ title }}, }", &[Format::Json]).is_err_and(|why| why.contains("no JSON")));
        assert!(load("{\"a\": {{ title }}, \"b\": {{ places }}}", &[Format::Json]).is_ok());
    }

    #[test]
    fn a_template_of_the_user_is_held_to_the_language_of_its_channel() {
        let templates = load("T {{ title }}\nB {{ title }} {{ strong(title) }}\n", &[Format::Html]);
        let templates = templates.unwrap_or_else(|error| panic!("{error}"));
        let [mut view, _] = sample::views(Occasion::Dead);
        view.title = "<b>&\u{1f}".to_owned();
        let message = templates.render(Format::Html, &view);
        let message = message.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(message.title, "T <b>&");
        assert!(message.body.starts_with("B &lt;b&gt;&amp;"), "{}", message.body);
    }
}
