//! Looks for secrets in what was said.

use stanch_testkit::Canary;
use stanch_testkit::double::Stage;

/// The secrets of a stage, in every form in which they might be written.
pub(crate) struct Secrets {
    canaries: Vec<(&'static str, Canary)>,
    /// Secrets that are too short for a canary.
    short: Vec<(&'static str, String)>,
    /// What stands in a secret and is none: ids that a provider makes part of it.
    public: Vec<String>,
}

impl Secrets {
    pub(crate) fn of(stage: &Stage) -> Self {
        let mut secrets = Self { canaries: Vec::new(), short: Vec::new(), public: Vec::new() };
        let (leaked, other) = (stage.leaked(), stage.other());
        let alike = leaked.value.bytes().zip(other.value.bytes()).take_while(|(a, b)| a == b).count();
        secrets.add("the leaked secret", &leaked.value, alike);
        for key in stage.minted() {
            secrets.add("the successor's secret", &key.value, alike);
        }
        if let Some(admin) = stage.admin().get("secret") {
            let alike = leaked.value.bytes().zip(admin.bytes()).take_while(|(a, b)| a == b).count();
            let id =
                stage.fixed().into_iter().filter(|(_, value)| admin.starts_with(value)).map(|(_, value)| value.len());
            secrets.add("the responder's secret", admin, alike.max(id.max().unwrap_or(0)));
        }
        let main = stage.admin().get("secret");
        let part_of = |whole: &str, text: &str| text.len() < whole.len() && whole.contains(text);
        let within = |text: &&String| part_of(&leaked.value, text) || main.is_some_and(|secret| part_of(secret, text));
        let fixed: Vec<String> = stage.fixed().into_iter().map(|(_, value)| value).collect();
        let named = std::iter::once(&leaked.id).chain(leaked.parts.values()).chain(&fixed);
        secrets.public.extend(named.filter(within).cloned());
        secrets
    }

    fn add(&mut self, what: &'static str, secret: &str, public: usize) {
        const LEAST: usize = 16;
        // Whoever has two secrets of one kind sees what is the same in all of them.
        let public = public.min(secret.len().saturating_sub(LEAST));
        if secret.len() >= LEAST && secret.is_char_boundary(public) {
            self.canaries.push((what, Canary::new(secret, public)));
        } else if !secret.is_empty() {
            self.short.push((what, secret.to_owned()));
        }
    }

    /// What a text gives away, if anything.
    pub(crate) fn seen_in(&self, text: &str) -> Option<String> {
        let text = self.public.iter().fold(text.to_owned(), |text, public| text.replace(public.as_str(), "[id]"));
        let canary = self.canaries.iter().find_map(|(what, canary)| Some((*what, canary.seen_in(text.as_bytes())?)));
        let short =
            || self.short.iter().find(|(_, secret)| text.contains(secret.as_str())).map(|(what, _)| (*what, ""));
        canary.or_else(short).map(|(what, how)| format!("{what} stands {how} in `{text}`"))
    }
}
