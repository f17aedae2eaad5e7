//! A line of arguments taken apart as a shell does, without anything that a shell would run.

/// The words of a line: spaces part them, quotes keep them together, a backslash keeps one character.
pub(super) fn words(line: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => match characters.next() {
                Some(c) => word.get_or_insert_default().push(c),
                None => return Err("ends with a backslash"),
            },
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() { Err("has a quote that is not closed") } else { Ok(words) }
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn lines_are_taken_apart() {
        for (line, expected) in [
            ("", &[][..]),
            ("  --only github\n--skip\taws ", &["--only", "github", "--skip", "aws"]),
            ("--exclude 'a b' \"c d\"e", &["--exclude", "a b", "c de"]),
            (r#"a\ b '\' "\"" '' $(id) `id` ; x"#, &["a b", "\\", "\"", "", "$(id)", "`id`", ";", "x"]),
        ] {
            assert_eq!(
                words(line).ok().as_deref(),
                Some(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
                "{line}"
            );
        }
        assert!(words("'a").is_err() && words("\"a").is_err() && words("a\\").is_err());
    }
}
