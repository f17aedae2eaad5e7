//! As much of YAML as `action.yml` uses: mappings and lists by indentation, scalars on one line, in quotes or not. Anything else is a panic, so
//! that nothing is read otherwise than a runner reads it.

use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Yaml {
    Text(String),
    Map(BTreeMap<String, Yaml>),
    List(Vec<Yaml>),
}

impl Yaml {
    pub(crate) fn parse(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
        let lines: Vec<(usize, String)> =
            lines.map(|line| (line.len() - line.trim_start().len(), line.trim().to_owned())).collect();
        let mut rest = lines.as_slice();
        let all = block(&mut rest, 0);
        assert!(rest.is_empty(), "not understood: {rest:?}");
        all
    }

    /// What stands at a key; an empty text if nothing does.
    pub(crate) fn at(&self, key: &str) -> &Self {
        const NOTHING: &Yaml = &Yaml::Text(String::new());
        match self {
            Self::Map(map) => map.get(key).unwrap_or(NOTHING),
            _ => NOTHING,
        }
    }

    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Text(text) => text,
            other => panic!("no text: {other:?}"),
        }
    }

    pub(crate) fn map(&self) -> BTreeMap<String, Yaml> {
        match self {
            Self::Map(map) => map.clone(),
            Self::Text(text) if text.is_empty() => BTreeMap::new(),
            other => panic!("no mapping: {other:?}"),
        }
    }

    pub(crate) fn list(&self) -> &[Yaml] {
        match self {
            Self::List(list) => list,
            other => panic!("no list: {other:?}"),
        }
    }
}

/// What is indented by `depth`.
fn block(lines: &mut &[(usize, String)], depth: usize) -> Yaml {
    let mut map = BTreeMap::new();
    let mut list = Vec::new();
    while let Some(((indent, line), after)) = lines.split_first() {
        if *indent != depth {
            assert!(*indent < depth, "deeper than expected: {line}");
            break;
        }
        if let Some(first) = line.strip_prefix("- ") {
            // The item is a mapping whose first key stands beside the dash.
            let mut item = vec![(depth + 2, first.to_owned())];
            let below = after.iter().take_while(|(indent, _)| *indent > depth).count();
            item.extend_from_slice(&after[..below]);
            *lines = &after[below..];
            let mut item = item.as_slice();
            list.push(block(&mut item, depth + 2));
            assert!(item.is_empty(), "not understood: {item:?}");
            continue;
        }
        let (key, value) = line.split_once(':').unwrap_or_else(|| panic!("no key: {line}"));
        *lines = after;
        let value = match value.trim() {
            "" => block(lines, lines.first().map_or(depth, |(indent, _)| *indent).max(depth + 2)),
            value => Yaml::Text(scalar(value)),
        };
        assert_eq!(map.insert(key.to_owned(), value), None, "twice: {key}");
    }
    assert!(map.is_empty() || list.is_empty());
    if list.is_empty() { Yaml::Map(map) } else { Yaml::List(list) }
}

fn scalar(value: &str) -> String {
    if let Some(inner) = value.strip_prefix('"') {
        let inner = inner.strip_suffix('"').unwrap_or_else(|| panic!("a quote that is open: {value}"));
        assert!(!inner.contains(['\\', '"']), "an escape: {value}");
        return inner.to_owned();
    }
    let plain = !value.starts_with(['\'', '|', '>', '&', '*', '!', '%', '@', '{', '[', '`', '?', '-', '#', ','])
        && !value.contains(": ")
        && !value.contains(" #");
    assert!(plain, "not understood: {value}");
    value.to_owned()
}

#[test]
fn what_action_yml_uses_is_read() {
    let read = Yaml::parse(
        "# c\na: \"b\"\nc:\n  d: e f\n  g:\n    - id: h\n      i:\n        j: ${{ k }}\n    - id: l\n\nm: n\n",
    );
    assert_eq!(read.at("a").text(), "b");
    assert_eq!(read.at("c").at("d").text(), "e f");
    assert_eq!(read.at("c").at("g").list()[0].at("i").at("j").text(), "${{ k }}");
    assert_eq!(read.at("c").at("g").list()[1].at("id").text(), "l");
    assert_eq!(read.at("m").text(), "n");
}
