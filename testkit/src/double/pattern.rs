//! Paths and hosts with holes: `/v1/projects/{project}/keys/{id}`.

use std::collections::BTreeMap;

use super::request::percent_decoded;

/// A piece of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Hole(String),
}

/// The segments of a path or the labels of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    segments: Vec<Vec<Piece>>,
    separator: char,
}

impl Pattern {
    /// Reads a path, whose holes each take something of one segment.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn path(text: &str) -> Result<Self, String> {
        if !text.starts_with('/') || text.contains(['?', '#', ' ']) {
            return Err(format!("`{text}` is no path"));
        }
        let segments = text.split('/').skip(1).map(segment).collect::<Result<_, _>>()?;
        Ok(Self { segments, separator: '/' })
    }

    /// Reads a host. It is one segment, as a hole may stand for all of it.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub(crate) fn host(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.contains(['/', ' ', '@', '?']) {
            return Err(format!("`{text}` is no host"));
        }
        Ok(Self { segments: vec![segment(text)?], separator: '\0' })
    }

    /// The names of its holes.
    pub(crate) fn holes(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().flatten().filter_map(|piece| match piece {
            Piece::Hole(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// Whether it is another only by the names of its holes.
    pub(super) fn is_shaped_as(&self, other: &Self) -> bool {
        let blank = |pattern: &Self| -> Vec<Vec<Piece>> {
            let unnamed = |piece: &Piece| match piece {
                Piece::Hole(_) => Piece::Hole(String::new()),
                text @ Piece::Text(_) => text.clone(),
            };
            pattern.segments.iter().map(|pieces| pieces.iter().map(unnamed).collect()).collect()
        };
        blank(self) == blank(other)
    }

    /// What the holes take of a text; `None` if it does not fit. Segments of paths are percent-decoded, each by itself.
    pub(crate) fn fit(&self, text: &str) -> Option<BTreeMap<String, String>> {
        let mut taken = BTreeMap::new();
        if self.separator == '\0' {
            let [pieces] = self.segments.as_slice() else { return None };
            return fill(pieces, &text.to_ascii_lowercase(), &mut taken).then_some(taken);
        }
        let segments: Vec<&str> = text.strip_prefix('/')?.split('/').collect();
        let mut pairs = self.segments.iter().zip(&segments);
        let fits = segments.len() == self.segments.len()
            && pairs.all(|(pieces, segment)| fill(pieces, &percent_decoded(segment, false), &mut taken));
        fits.then_some(taken)
    }
}

fn segment(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}').ok_or_else(|| format!("a brace is not closed in `{text}`"))?;
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
        if !is_name || (before.is_empty() && matches!(pieces.last(), Some(Piece::Hole(_)))) {
            return Err(format!("`{{{name}}}` in `{text}` is no hole"));
        }
        if !before.is_empty() {
            pieces.push(Piece::Text(before.to_owned()));
        }
        pieces.push(Piece::Hole(name.to_owned()));
        rest = after;
    }
    if !rest.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(rest.to_owned()));
    }
    Ok(pieces)
}

/// Whether the pieces make up the text; each hole takes at least one character, and as few as it can.
fn fill(pieces: &[Piece], text: &str, taken: &mut BTreeMap<String, String>) -> bool {
    match pieces {
        [] => text.is_empty(),
        [Piece::Text(plain), rest @ ..] => {
            text.strip_prefix(plain.as_str()).is_some_and(|after| fill(rest, after, taken))
        }
        [Piece::Hole(name), rest @ ..] => {
            let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
            for end in ends {
                let (hole, after) = text.split_at(end);
                if fill(rest, after, taken) {
                    taken.insert(name.clone(), hole.to_owned());
                    return true;
                }
            }
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(pattern: &str, text: &str) -> Option<Vec<(String, String)>> {
        let pattern = Pattern::path(pattern).unwrap_or_else(|error| panic!("{error}"));
        pattern.fit(text).map(|taken| taken.into_iter().collect())
    }

    #[test]
    fn holes_take_a_segment_or_a_piece_of_one() {
        let taken = |pairs: &[(&str, &str)]| Some(pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect());
        assert_eq!(path("/a/{id}", "/a/x%2Fy%20z"), taken(&[("id", "x/y z")]));
        assert_eq!(path("/bot{token}/getMe", "/bot1:x/getMe"), taken(&[("token", "1:x")]));
        assert_eq!(path("/k/{id}:disable", "/k/7:disable"), taken(&[("id", "7")]));
        assert_eq!(path("/k/{id}", "/k/"), None);
        assert_eq!(path("/k/{id}", "/k/1/2"), None);
        assert_eq!(path("/k/", "/k/"), taken(&[]));
        assert_eq!(path("/k", "/k/"), None);
    }

    #[test]
    fn hosts_are_compared_without_case() {
        let host = Pattern::host("{sub}.acme.example").unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(host.fit("EU.Acme.example").and_then(|taken| taken.get("sub").cloned()), Some("eu".to_owned()));
        assert!(host.fit("eu.acme.evil").is_none());
        assert!(Pattern::host("https://acme.example").is_err());
        assert!(Pattern::path("/a/{b").is_err() && Pattern::path("/{a}{b}").is_err() && Pattern::path("a").is_err());
    }
}
