//! Comma-separated values, as far as records need them: <https://www.rfc-editor.org/rfc/rfc4180>, without line breaks inside of a field.

/// A line, with quotes where a field needs them.
pub(crate) fn line<'a>(fields: impl IntoIterator<Item = &'a str>) -> String {
    let fields = fields.into_iter().map(|field| {
        let field = field.replace(['\n', '\r'], " ");
        if field.contains([',', '"']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field }
    });
    let mut line = fields.collect::<Vec<_>>().join(",");
    line.push('\n');
    line
}

/// The fields of a line.
pub(crate) fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut quoted = false;
    let mut chars = line.trim_end_matches(['\n', '\r']).chars().peekable();
    while let Some(c) = chars.next() {
        let last = fields.len() - 1;
        let Some(field) = fields.get_mut(last) else { continue };
        match c {
            // A quote inside of quotes is written twice.
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => fields.push(String::new()),
            c => field.push(c),
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let row = ["plain", "", "a, b", "an \"x\"", "two\nlines"];
        let written = line(row);
        assert_eq!(written, "plain,,\"a, b\",\"an \"\"x\"\"\",two lines\n");
        assert_eq!(fields(&written), ["plain", "", "a, b", "an \"x\"", "two lines"]);
        assert_eq!(fields(""), [""]);
    }
}
