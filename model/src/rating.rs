//! The scales on which rules and findings are rated.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The word is not on the scale.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("unknown {scale} `{word}`; one of {known}")]
pub struct UnknownWord {
    scale: &'static str,
    word: String,
    known: String,
}

/// Makes an enum whose variants are written as fixed words in rules, reports and options.
macro_rules! scale {
    ($(#[$doc:meta])* $name:ident, $scale:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $word)] $variant,)+ }

        impl $name {
            /// Every value, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word it is written as.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, UnknownWord> {
                Self::ALL.iter().copied().find(|v| v.as_str() == word).ok_or_else(|| UnknownWord {
                    scale: $scale,
                    word: word.to_owned(),
                    known: Self::ALL.iter().map(|v| v.as_str()).collect::<Vec<_>>().join(", "),
                })
            }
        }
    };
}

scale! {
    /// How sure we are that the bytes are a credential of this kind.
    Confidence, "confidence" {
        /// Could be; reported only when asked for.
        Low = "low",
        /// Probably.
        Medium = "medium",
        /// The form leaves little doubt.
        High = "high",
    }
}

scale! {
    /// The damage that the credential can do while it is alive.
    Severity, "severity" {
        /// Little or nothing by itself.
        Low = "low",
        /// Bounded.
        Medium = "medium",
        /// An account, or data of others.
        High = "high",
        /// Production, money, or the keys to other keys.
        Critical = "critical",
    }
}

scale! {
    /// Whether the value is secret at all.
    Sensitivity, "sensitivity" {
        /// Whoever has it can act.
        Secret = "secret",
        /// One half of a pair; not secret alone.
        Identifier = "identifier",
        /// Meant to be seen by the public.
        Publishable = "publishable",
    }
}

scale! {
    /// The field that a provider works in.
    Category, "category" {
        /// Models, agents and their platforms.
        Ai = "ai",
        /// Wallets, nodes, exchanges.
        Blockchain = "blockchain",
        /// Build and delivery.
        Ci = "ci",
        /// Infrastructure.
        Cloud = "cloud",
        /// Keys of cryptography itself.
        CryptoKey = "crypto-key",
        /// Data by request.
        DataApi = "data-api",
        /// Data stores.
        Database = "database",
        /// Developers' tools.
        Devtools = "devtools",
        /// No provider: passwords, headers, URLs.
        Generic = "generic",
        /// Who is who.
        Identity = "identity",
        /// Devices.
        Iot = "iot",
        /// Mail, chat, telephony.
        Messaging = "messaging",
        /// Logs, metrics, errors.
        Observability = "observability",
        /// Where packages are published.
        PackageRegistry = "package-registry",
        /// Money.
        Payment = "payment",
        /// Any other service.
        Saas = "saas",
        /// Security services.
        Security = "security",
        /// Social networks.
        Social = "social",
        /// Version control.
        Vcs = "vcs",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_back() {
        for category in Category::ALL {
            assert_eq!(category.as_str().parse(), Ok(*category));
        }
        let error = "huge".parse::<Severity>().map_err(|e| e.to_string());
        assert_eq!(error, Err("unknown severity `huge`; one of low, medium, high, critical".to_owned()));
    }

    #[test]
    fn confidence_is_ordered() {
        assert!(Confidence::Low < Confidence::Medium && Confidence::Medium < Confidence::High);
    }
}
