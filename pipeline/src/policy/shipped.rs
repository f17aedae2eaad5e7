//! The sets that come with stanch.

use super::load::LoadError;
use super::set::Policies;

/// A set that comes with stanch.
#[derive(Debug, Clone, Copy)]
pub struct Shipped {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// The cases that it is held against.
    pub cases: &'static str,
}

/// All of them. They are made to stand beside each other; `default` belongs to each.
pub static SHIPPED: [Shipped; 4] = [
    Shipped {
        name: "default",
        text: include_str!("../../policies/default.cedar"),
        cases: include_str!("../../policies/default.test.toml"),
    },
    Shipped {
        name: "auto-public",
        text: include_str!("../../policies/auto-public.cedar"),
        cases: include_str!("../../policies/auto-public.test.toml"),
    },
    Shipped {
        name: "ai-keys",
        text: include_str!("../../policies/ai-keys.cedar"),
        cases: include_str!("../../policies/ai-keys.test.toml"),
    },
    Shipped {
        name: "production",
        text: include_str!("../../policies/production.cedar"),
        cases: include_str!("../../policies/production.test.toml"),
    },
];

impl Shipped {
    /// The set of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        SHIPPED.iter().find(|set| set.name == name)
    }

    /// What its first comment says, without the marks.
    pub fn about(&self) -> String {
        let lines = self.text.lines().take_while(|line| line.starts_with("//"));
        lines.map(|line| line.trim_start_matches('/').trim()).collect::<Vec<_>>().join("\n")
    }
}

impl Policies {
    /// The same policies and those of a shipped set.
    ///
    /// # Errors
    /// If an `@id` of it is taken.
    pub fn with_shipped(self, set: &Shipped) -> Result<Self, LoadError> {
        self.with(set.text, &format!("{}.cedar", set.name))
    }

    /// What is used where nothing is configured: `default`.
    ///
    /// # Errors
    /// None, as long as what was released passed its tests.
    pub fn shipped() -> Result<Self, LoadError> {
        SHIPPED.first().map_or_else(|| Ok(Self::default()), |set| Self::default().with_shipped(set))
    }
}
