//! Making visible what a text could hide.

use std::borrow::Cow;

/// The text with control, bidirectional and zero-width characters as escapes.
pub(crate) fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(invisible) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.extend(c.escape_default()),
            c if invisible(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a character moves the cursor, turns the direction of text, breaks lines, or has no width. The selectors that choose between text
/// and emoji are left, as they are common in names and change nothing but a glyph.
///
/// The characters: <https://www.unicode.org/Public/UCD/latest/ucd/DerivedCoreProperties.txt> (`Default_Ignorable_Code_Point`) and
/// <https://www.unicode.org/reports/tr9/#Directional_Formatting_Characters>.
pub(crate) fn invisible(c: char) -> bool {
    match c {
        '\u{fe0e}' | '\u{fe0f}' => false,
        c if c.is_control() => true,
        c => matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_hides_is_shown() {
        assert_eq!(visible("a\u{202e}b\u{200b}c\u{1b}[31m\n\u{9b}"), "a\\u{202e}b\\u{200b}c\\u{1b}[31m\\n\\u{9b}");
        assert_eq!(visible("tag \u{e0041}, bom \u{feff}"), "tag \\u{e0041}, bom \\u{feff}");
    }

    #[test]
    fn what_can_be_seen_stays() {
        for text in ["src/main.rs", "Grüße/中文/❤️.txt", "a b"] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text), "{text}");
        }
    }
}
