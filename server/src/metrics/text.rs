//! The lines of the format.

use std::fmt::Write as _;

/// Lines that were written so far.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    /// What the samples after it mean.
    pub(super) fn head(&mut self, name: &str, help: &str, kind: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// One number.
    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            self.0.push(if at == 0 { '{' } else { ',' });
            let _ = write!(self.0, "{label}=\"{}\"", escaped(text));
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }

    pub(super) fn end(self) -> String {
        self.0
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut text = Text::default();
        text.head("a", "Of a.", "gauge");
        text.sample("a", &[("b", "x\"} 1\n\\")], 1.5);
        text.sample("a", &[], 2.0);
        assert_eq!(text.end(), "# HELP a Of a.\n# TYPE a gauge\na{b=\"x\\\"} 1\\n\\\\\"} 1.5\na 2\n");
    }
}
