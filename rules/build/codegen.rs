//! Rules as Rust source: a static table that needs no start-up.

use std::fmt::Write;

use stanch_model::{Category, Confidence, Sensitivity, Severity};

use crate::class::ByteClass;
use crate::opening::Opening;
use crate::rule::{
    Assignment, Beside, Boundary, Case, Companion, Context, Extent, List, Look, Manual, Pattern, Rule, Str,
};
use crate::shape::{Part, Shape};

/// The source of `static RULES`.
pub(crate) fn rules(rules: &[Rule]) -> String {
    let mut out = String::from("pub(crate) static RULES: &[Rule] = &[");
    for rule in rules {
        rule.write(&mut out);
        out.push_str(",\n");
    }
    out.push_str("];\n");
    out
}

/// Writes a value as an expression that a constant may hold.
trait ToRust {
    fn write(&self, out: &mut String);
}

/// Writes a struct by its fields.
macro_rules! fields {
    ($($name:ident { $($field:ident),+ })+) => {
        $(impl ToRust for $name {
            fn write(&self, out: &mut String) {
                out.push_str(concat!(stringify!($name), " {"));
                $(
                    out.push_str(concat!(stringify!($field), ": "));
                    self.$field.write(out);
                    out.push_str(", ");
                )+
                out.push('}');
            }
        })+
    };
}

fields! {
    Rule {
        id, title, provider, category, severity, sensitivity, confidence, look, bound, extent, entropy, check, gate,
        context, companion, address, beside, boundary, budget, verify, revoke, manual, references, accept, reject
    }
    Shape { source, parts, secret }
    Pattern { regex, literals, opening }
    Opening { head, run, next }
    Assignment { words, min, max }
    Context { words, reach, need }
    Companion { rule, within, need }
    Beside { fact, pattern, reach }
    Manual { url, runbook }
    Case { text, finds, confidence, why, facts }
}

/// Writes an enum without fields by its variant's name.
macro_rules! variants {
    ($($name:ident)+) => {
        $(impl ToRust for $name {
            fn write(&self, out: &mut String) {
                let _ = write!(out, concat!(stringify!($name), "::{:?}"), self);
            }
        })+
    };
}

variants! { Category Severity Sensitivity Confidence Boundary Extent }

impl ToRust for Look {
    fn write(&self, out: &mut String) {
        let (name, inner): (&str, &dyn ToRust) = match self {
            Self::Literal(shapes) => ("Literal", shapes),
            Self::Run(shapes) => ("Run", shapes),
            Self::Pattern(pattern) => ("Pattern", pattern),
            Self::Assignment(assignment) => ("Assignment", assignment),
        };
        let _ = write!(out, "Look::{name}(");
        inner.write(out);
        out.push(')');
    }
}

impl ToRust for Part {
    fn write(&self, out: &mut String) {
        match self {
            Self::Literal(bytes) => {
                out.push_str("Part::Literal(");
                bytes.write(out);
                out.push(')');
            }
            Self::Class { class, min, max, open } => {
                out.push_str("Part::Class { class: ");
                class.write(out);
                let _ = write!(out, ", min: {min}, max: {max}, open: {open} }}");
            }
        }
    }
}

impl ToRust for ByteClass {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "ByteClass({:?})", self.0);
    }
}

impl ToRust for List<u8> {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "List::Borrowed(b\"{}\")", self.escape_ascii());
    }
}

impl ToRust for Str {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "Str::Borrowed({:?})", self.as_ref());
    }
}

impl<T: ToRust + Clone> ToRust for List<T> {
    fn write(&self, out: &mut String) {
        out.push_str("List::Borrowed(&[");
        for item in self.iter() {
            item.write(out);
            out.push(',');
        }
        out.push_str("])");
    }
}

impl<T: ToRust> ToRust for Option<T> {
    fn write(&self, out: &mut String) {
        match self {
            Some(value) => {
                out.push_str("Some(");
                value.write(out);
                out.push(')');
            }
            None => out.push_str("None"),
        }
    }
}

impl ToRust for (Str, Str) {
    fn write(&self, out: &mut String) {
        out.push('(');
        self.0.write(out);
        out.push(',');
        self.1.write(out);
        out.push(')');
    }
}

impl ToRust for (u16, u16) {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self:?}");
    }
}

impl ToRust for u32 {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}

impl ToRust for f32 {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self:?}");
    }
}

impl ToRust for bool {
    fn write(&self, out: &mut String) {
        let _ = write!(out, "{self}");
    }
}
