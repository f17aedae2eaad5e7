//! The keys that a double holds, and how they are minted.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;
use stanch_rules::mint;
use toml::Spanned;

use super::file::Head;
use super::template::{Scope, Settings, head, names, tail};

/// Which key of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The one under test.
    Leaked,
    /// One of the same owner, which must survive.
    Other,
    /// One whose mask looks as the leaked one's.
    Twin,
    /// One of another owner.
    Stranger,
    /// One that was minted while the test ran, counted from 0.
    New(usize),
    /// One that leaked as well, counted from 0.
    Also(usize),
    /// One of many of the same owner, which are there to fill the first page of a list that is paged by counting.
    Filler(usize),
}

/// Whether a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It is accepted.
    Live,
    /// It is not accepted, but listed.
    Disabled,
    /// It is neither accepted nor listed.
    Deleted,
}

/// A key, made up for the test.
#[derive(Debug, Clone)]
pub struct Key {
    /// Which one it is.
    pub role: Role,
    /// The secret.
    pub value: String,
    /// The provider's own id of it.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// What leaks beside it, by name.
    pub parts: BTreeMap<String, String>,
    /// Whether it works.
    pub life: Life,
    /// Whether it belongs to the other owner.
    pub(super) foreign: bool,
}

impl Key {
    /// Whether it is accepted.
    pub fn is_live(&self) -> bool {
        self.life == Life::Live
    }
}

/// Values by name, in the order of the file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Scalars(pub(super) Vec<(String, Value)>);

impl Scalars {
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// All of them as texts.
    pub(super) fn texts(&self) -> Vec<(String, String)> {
        self.0.iter().map(|(name, value)| (name.clone(), text(value))).collect()
    }
}

impl<'de> Deserialize<'de> for Scalars {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

/// Reads a table in the order in which it is written, which the reader of TOML does not keep.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Scalars;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a table")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalars, A::Error> {
        let mut entries = Vec::new();
        while let Some((name, value)) = map.next_entry::<Spanned<String>, Value>()? {
            entries.push((name.span().start, name.into_inner(), value));
        }
        entries.sort_by_key(|(at, ..)| *at);
        Ok(Scalars(entries.into_iter().map(|(_, name, value)| (name, value)).collect()))
    }
}

/// How lists show a key.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Mask {
    #[serde(default)]
    pub(super) head: usize,
    #[serde(default)]
    between: String,
    #[serde(default)]
    pub(super) tail: usize,
}

impl Mask {
    /// What it shows of a value.
    pub(super) fn of(&self, value: &str) -> String {
        format!("{}{}{}", head(value, self.head), self.between, tail(value, self.tail))
    }
}

/// Who plays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cast {
    /// Whether there is a key whose mask looks as the leaked one's, where a mask hides anything.
    pub twin: bool,
    /// Whether there is a key of another owner, where the file names one.
    pub stranger: bool,
    /// Whether the leaked key is disabled when the test starts.
    pub disabled: bool,
    /// Whether the leaked key is deleted when the test starts.
    pub deleted: bool,
    /// How many more keys of the same owner leaked.
    pub also: usize,
    /// Whether connections stay open after an answer, as with providers. A stage that ends then waits a moment for those that nobody closed.
    pub keeps: bool,
    /// Other seeds give other keys.
    pub seed: u64,
}

/// Makes keys of one kind.
#[derive(Debug, Clone)]
pub(super) struct Minter<'a> {
    head: &'a Head,
    settings: Settings,
    seed: u64,
    /// How many characters of the start and of the end a list may show.
    shown: (usize, usize),
}

impl<'a> Minter<'a> {
    /// A minter with the settings of a file, which are minted first.
    pub(super) fn new(head: &'a Head, shown: (usize, usize), seed: u64) -> Result<Self, String> {
        let seed = head
            .kind
            .bytes()
            .fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        let mut minter = Self { head, settings: Settings::default(), seed, shown };
        minter.settings.mask = head.mask.clone();
        let nobody = Scalars::default();
        for (name, value) in &head.fixed.0 {
            let value = match value {
                Value::String(recipe) => {
                    let scope = Scope::new(&minter.settings, &nobody);
                    Value::String(made(recipe, &scope, minter.sub_seed(&["fixed", name]))?)
                }
                other => other.clone(),
            };
            minter.settings.fixed.0.push((name.clone(), value));
        }
        let mut ahead: Vec<(&String, &String)> = head.admin.iter().collect();
        minter.until_settled(&mut ahead, |minter, name, recipe| {
            let scope = Scope::new(&minter.settings, &minter.head.owner);
            let value = made(recipe, &scope, minter.sub_seed(&["admin", name]))?;
            minter.settings.admin.insert(name.to_owned(), value);
            Ok(())
        })?;
        Ok(minter)
    }

    /// What is the same for all keys.
    pub(super) fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Tries the recipes again and again, as one may name the other, until all are made.
    fn until_settled(
        &mut self,
        ahead: &mut Vec<(&'a String, &'a String)>,
        mut make: impl FnMut(&mut Self, &str, &str) -> Result<(), String>,
    ) -> Result<(), String> {
        while !ahead.is_empty() {
            let before = ahead.len();
            let mut why = String::new();
            ahead.retain(|(name, recipe)| {
                make(self, name, recipe).map_err(|error| why = format!("`{name}`: {error}")).is_err()
            });
            if ahead.len() == before {
                return Err(why);
            }
        }
        Ok(())
    }

    /// A new key. `like` gives what stays the same where one takes the place of another.
    pub(super) fn key(&self, role: Role, like: Option<&Key>) -> Result<Key, String> {
        let mut key = self.draft(role, 0, like)?;
        if let (Role::Twin, Some(leaked)) = (role, like) {
            key.value = self.spliced(leaked, &key).ok_or("its mask shows the whole key, so that there is no twin")?;
            return self.rest(&key);
        }
        Ok(key)
    }

    /// A new key that a list shows otherwise than these.
    pub(super) fn unlike(&self, role: Role, others: &[&Key]) -> Result<Key, String> {
        for attempt in 0..100 {
            let key = self.draft(role, attempt, None)?;
            let look =
                |key: &Key| (head(&key.value, self.shown.0).to_owned(), tail(&key.value, self.shown.1).to_owned());
            let same_look = |other: &&&Key| self.shown != (0, 0) && look(other) == look(&key);
            let clash = others.iter().find(|other| other.value == key.value || other.id == key.id);
            if clash.is_none() && !others.iter().any(|other| same_look(&other)) {
                return Ok(key);
            }
        }
        Err("all keys of this recipe look the same".to_owned())
    }

    /// A key of its recipes.
    fn draft(&self, role: Role, attempt: usize, like: Option<&Key>) -> Result<Key, String> {
        let nothing = Key {
            role,
            value: String::new(),
            id: String::new(),
            name: name(role),
            parts: BTreeMap::new(),
            life: Life::Live,
            foreign: role == Role::Stranger,
        };
        let salt = format!("{role:?}/{attempt}");
        let owner = self.owner(role == Role::Stranger);
        let kept = like.filter(|_| matches!(role, Role::New(_)));
        self.fill(nothing, &salt, owner, kept, true)
    }

    /// A key whose value was changed, with the id and the parts that follow from it.
    fn rest(&self, key: &Key) -> Result<Key, String> {
        let (salt, owner) = (format!("{:?}/rest", key.role), self.owner(key.foreign));
        let emptied = Key { id: String::new(), parts: BTreeMap::new(), ..key.clone() };
        self.fill(emptied, &salt, owner, Some(key), false)
    }

    /// Mints what is missing of a key. What `kept` has and does not follow from its value stays the same.
    fn fill(
        &self,
        mut key: Key,
        salt: &str,
        owner: &Scalars,
        kept: Option<&Key>,
        value_too: bool,
    ) -> Result<Key, String> {
        let mut ahead: Vec<(&str, &str)> = vec![("id", &self.head.id)];
        ahead.extend(self.head.parts.iter().map(|(name, recipe)| (name.as_str(), recipe.as_str())));
        if value_too {
            ahead.insert(0, ("value", &self.head.mint));
        }
        let mut why = String::new();
        while !ahead.is_empty() {
            let before = ahead.len();
            let missing: Vec<String> = ahead.iter().map(|(name, _)| (*name).to_owned()).collect();
            let mut made_now = Vec::new();
            ahead.retain(|(name, recipe)| {
                // What the recipe names must be there already: an empty value would do as well, and be wrong.
                if let Some(waits) =
                    names(recipe).iter().find(|named| missing.iter().any(|gap| names_field(named, gap)))
                {
                    why = format!("`{name}` waits for {{{waits}}}");
                    return true;
                }
                let follows = names(recipe).iter().any(|named| names_field(named, "value"));
                let old = kept.filter(|_| !follows).and_then(|old| field(old, name));
                let scope = Scope { key: Some(&key), ..Scope::new(&self.settings, owner) };
                let made = old.map_or_else(|| made(recipe, &scope, self.sub_seed(&[salt, name])), Ok);
                match made {
                    Ok(value) => made_now.push(((*name).to_owned(), value)),
                    Err(error) => why = format!("`{name}`: {error}"),
                }
                made_now.last().is_none_or(|(made, _)| made != name)
            });
            for (name, value) in made_now {
                match name.as_str() {
                    "value" => key.value = value,
                    "id" => key.id = value,
                    _ => drop(key.parts.insert(name, value)),
                }
            }
            if ahead.len() == before {
                return Err(why);
            }
        }
        if let Some(name) = key.parts.get("name") {
            key.name.clone_from(name);
        }
        Ok(key)
    }

    /// The owner of a key.
    pub(super) fn owner(&self, foreign: bool) -> &'a Scalars {
        if foreign { &self.head.stranger } else { &self.head.owner }
    }

    /// The leaked value with another middle; `None` if everything of it is shown.
    fn spliced(&self, leaked: &Key, fresh: &Key) -> Option<String> {
        let (from, to) = self.shown;
        let hidden = leaked.value.chars().count().checked_sub(from + to).filter(|hidden| *hidden > 0)?;
        // A recipe may end in what is the same for all keys, so the middle of another key is looked for, not made up.
        let middle: String = fresh.value.chars().skip(from).take(hidden).collect();
        let twin = format!("{}{middle}{}", head(&leaked.value, from), tail(&leaked.value, to));
        (twin != leaked.value).then_some(twin)
    }

    fn sub_seed(&self, words: &[&str]) -> u64 {
        words
            .iter()
            .flat_map(|word| word.bytes().chain([0]))
            .fold(self.seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
    }
}

/// What people call a key. Nothing of it tells its role: a revoker that goes by the name must not be right by luck.
fn name(role: Role) -> String {
    match role {
        Role::Leaked => "deploy b".to_owned(),
        Role::Other => "deploy a".to_owned(),
        Role::Twin => "deploy c".to_owned(),
        Role::Stranger => "deploy d".to_owned(),
        Role::Also(number) => format!("deploy b{number}"),
        Role::New(number) => format!("made {number}"),
        Role::Filler(number) => format!("old {number}"),
    }
}

/// Whether a placeholder of a recipe (`value`, `key.id`, `key.head:4`, `public_key`) needs a field.
fn names_field(placeholder: &str, field: &str) -> bool {
    let own = placeholder.strip_prefix("number:").unwrap_or(placeholder);
    let own = own.strip_prefix("key.").unwrap_or(own);
    let own = own.split(':').next().unwrap_or(own);
    own == field || (field == "value" && matches!(own, "head" | "tail" | "mask" | "sha256"))
}

fn field(key: &Key, name: &str) -> Option<String> {
    match name {
        "id" => Some(key.id.clone()),
        "value" => None,
        part => key.parts.get(part).cloned(),
    }
}

/// Mints a recipe. A text without a class and a generator is itself.
fn made(recipe: &str, scope: &Scope<'_>, seed: u64) -> Result<String, String> {
    let is_shape = !recipe.starts_with('@') && !recipe.contains("{{");
    let filled = scope.text_with(recipe, |value| if is_shape { escaped(value) } else { value.to_owned() })?;
    let plain = is_shape && !names_class(recipe);
    if plain {
        return scope.text(recipe);
    }
    let braced = if filled.contains("{{") { filled } else { format!("{{{{{filled}}}}}") };
    let minted = mint(&braced, seed).map_err(|error| error.to_string())?;
    String::from_utf8(minted.text).map_err(|_| format!("the recipe `{recipe}` gives no text"))
}

/// Whether there is something in a recipe to mint: a brace that is no placeholder's.
fn names_class(recipe: &str) -> bool {
    recipe.matches('{').count() > names(recipe).len()
}

/// A text as a shape writes it literally.
fn escaped(value: &str) -> String {
    value.chars().flat_map(|c| "{}()\\".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

/// A JSON value as a text: a string without its quotes.
pub(super) fn text(value: &Value) -> String {
    match value {
        Value::String(string) => string.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}
