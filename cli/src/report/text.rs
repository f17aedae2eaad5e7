//! Text on a terminal: styles, columns, wrapping.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthStr;

use super::Look;

pub(super) const PLAIN: Style = Style::new();
pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const LINK: Style = AnsiColor::Cyan.on_default();
pub(super) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();

/// A piece of text in one style.
pub(super) struct Piece {
    text: String,
    style: Style,
    /// Whether lines may break at its spaces.
    breaks: bool,
}

/// Text that may be broken at its spaces.
pub(super) fn words(style: Style, text: impl Into<String>) -> Piece {
    Piece { text: text.into(), style, breaks: true }
}

/// Text that stays together, such as a path.
pub(super) fn whole(style: Style, text: impl Into<String>) -> Piece {
    Piece { text: text.into(), style, breaks: false }
}

/// What is written between line breaks: its text, its style, and whether it stands apart from what is before it.
struct Atom<'p> {
    text: &'p str,
    style: Style,
    apart: bool,
}

/// A page of fixed width.
pub(super) struct Page<'o> {
    out: &'o mut dyn Write,
    colour: bool,
    width: usize,
}

impl<'o> Page<'o> {
    pub(super) fn new(out: &'o mut dyn Write, look: &Look) -> Self {
        Self { out, colour: look.colour, width: look.width }
    }

    /// An empty line.
    pub(super) fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// A thin line.
    pub(super) fn rule(&mut self) -> io::Result<()> {
        let line = "─".repeat(self.width.min(64));
        self.paragraph(0, &[whole(DIM, line)])
    }

    /// A label, and text in a column beside it.
    pub(super) fn field(&mut self, label: &str, pieces: &[Piece]) -> io::Result<()> {
        const INDENT: usize = 2;
        const COLUMN: usize = 11;
        self.put(PLAIN, &" ".repeat(INDENT))?;
        self.put(DIM, label)?;
        let gap = COLUMN.saturating_sub(INDENT + label.width()).max(1);
        self.put(PLAIN, &" ".repeat(gap))?;
        self.flow(COLUMN, pieces)
    }

    /// Text from a column on.
    pub(super) fn paragraph(&mut self, indent: usize, pieces: &[Piece]) -> io::Result<()> {
        self.put(PLAIN, &" ".repeat(indent))?;
        self.flow(indent, pieces)
    }

    /// Writes pieces from the column on, breaking lines between words. Pieces follow each other without a space; their own spaces
    /// part words.
    fn flow(&mut self, indent: usize, pieces: &[Piece]) -> io::Result<()> {
        let mut column = indent;
        for word in split_words(pieces) {
            let width: usize = word.iter().map(|atom| atom.text.width()).sum();
            let apart = column > indent && word.first().is_some_and(|atom| atom.apart);
            if apart && column + 1 + width > self.width {
                writeln!(self.out)?;
                self.put(PLAIN, &" ".repeat(indent))?;
                column = indent;
            } else if apart {
                self.put(PLAIN, " ")?;
                column += 1;
            }
            word.iter().try_for_each(|atom| self.put(atom.style, atom.text))?;
            column += width;
        }
        writeln!(self.out)
    }

    fn put(&mut self, style: Style, text: &str) -> io::Result<()> {
        if self.colour && style != PLAIN && !text.is_empty() {
            write!(self.out, "{style}{text}{style:#}")
        } else {
            self.out.write_all(text.as_bytes())
        }
    }
}

/// Atoms that stay together, as no space parts them.
fn split_words(pieces: &[Piece]) -> Vec<Vec<Atom<'_>>> {
    let mut found: Vec<Vec<Atom<'_>>> = Vec::new();
    let mut apart = true;
    for Piece { text, style, breaks } in pieces {
        let parts: Vec<&str> = if *breaks { text.split(' ').collect() } else { vec![text.as_str()] };
        for (n, part) in parts.into_iter().enumerate() {
            apart |= n > 0;
            if part.is_empty() {
                continue;
            }
            let atom = Atom { text: part, style: *style, apart };
            match found.last_mut() {
                Some(word) if !apart => word.push(atom),
                _ => found.push(vec![atom]),
            }
            apart = false;
        }
    }
    found
}

/// A number with its thousands apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number and its noun: `1 file`, `2 files`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(number), if number == 1 { "" } else { "s" })
}

/// A number of bytes with its unit, in steps of a thousand.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: &[&str] = &["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return counted(bytes, "byte");
    }
    let mut value = bytes as f64 / 1000.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    let decimals = usize::from(value < 9.95);
    format!("{value:.decimals$} {}", UNITS.get(unit).unwrap_or(&"PB"))
}

/// A time for people.
pub(super) fn time(elapsed: std::time::Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    match seconds {
        s if s < 0.0995 => format!("{:.0} ms", (s * 1000.0).max(1.0)),
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 60.0 => format!("{s:.0} s"),
        _ => format!("{} min {} s", elapsed.as_secs() / 60, elapsed.as_secs() % 60),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn page(width: usize, colour: bool, write: impl Fn(&mut Page<'_>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        assert!(write(&mut Page::new(&mut out, &Look { colour, width })).is_ok());
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn text_wraps_in_its_column() {
        let text =
            page(24, false, |page| page.field("why", &[words(PLAIN, "one two three four"), words(BOLD, ", five")]));
        assert_eq!(text, "  why      one two three\n           four, five\n");
    }

    #[test]
    fn what_is_whole_stays_together() {
        let text = page(20, false, |page| {
            page.field("at", &[whole(PLAIN, "a very long/path with.spaces"), words(DIM, " and more")])
        });
        assert_eq!(text, "  at       a very long/path with.spaces\n           and more\n");
    }

    #[test]
    fn wide_characters_count_twice() {
        let text = page(15, false, |page| page.paragraph(0, &[words(PLAIN, "中文中文 中文中文")]));
        assert_eq!(text, "中文中文\n中文中文\n");
    }

    #[test]
    fn styles_are_written_only_with_colour() {
        let text = page(40, true, |page| page.paragraph(0, &[words(BOLD, "a b"), words(PLAIN, " c")]));
        assert_eq!(text, "\u{1b}[1ma\u{1b}[0m \u{1b}[1mb\u{1b}[0m c\n");
    }

    #[test]
    fn numbers_for_people() {
        assert_eq!([count(0), count(999), count(1000), count(1_234_567)], ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([size(1), size(999), size(1_500), size(58_200_000)], ["1 byte", "999 bytes", "1.5 kB", "58 MB"]);
        assert_eq!(size(999_600), "1.0 MB");
        let times = [300, 12_000, 340_000, 12_300_000, 75_000_000].map(|micros| time(Duration::from_micros(micros)));
        assert_eq!(times, ["1 ms", "12 ms", "0.3 s", "12 s", "1 min 15 s"]);
    }
}
