//! What may stand in a request's target.

use axum::http::Uri;

use crate::ApiError;

/// Refuses targets that two readers could read differently: encoded separators and control characters, dots as names, empty names, what is no path.
/// No name of ours needs any of them.
pub(super) fn check(uri: &Uri) -> Result<(), ApiError> {
    let refused = || ApiError::bad_request("the target of the request is not one that this server takes");
    let path = uri.path();
    let names = path.strip_prefix('/').ok_or_else(refused)?;
    let absolute = uri.scheme().is_some() || uri.authority().is_some();
    let dotted = names.split('/').any(|name| matches!(name, "." | ".."));
    if absolute || dotted || names.contains("//") || names.starts_with('/') || path.contains(['\\', ';']) {
        return Err(refused());
    }
    if encodes_more_than_text(path) || uri.query().is_some_and(encodes_control) { Err(refused()) } else { Ok(()) }
}

/// Whether a path has `%` before anything that stands for a separator, a dot, a percent sign or a control character.
fn encodes_more_than_text(path: &str) -> bool {
    encoded(path).any(|byte| {
        byte.is_none_or(|byte| byte.is_ascii_control() || matches!(byte, b'/' | b'\\' | b'.' | b'%' | b';'))
    })
}

fn encodes_control(query: &str) -> bool {
    encoded(query).any(|byte| byte.is_none_or(|byte| byte.is_ascii_control()))
}

/// What `%` stands before; `None` where it stands before no two digits.
fn encoded(text: &str) -> impl Iterator<Item = Option<u8>> {
    text.split('%').skip(1).map(|rest| rest.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(target: &str) -> bool {
        target.parse::<Uri>().is_ok_and(|uri| check(&uri).is_ok())
    }

    #[test]
    fn plain_targets_are_taken() {
        for target in ["/", "/api/v1/incidents?text=a%20b&x=%2F", "/a/b-c_d.css", "/a/", "/caf%C3%A9"] {
            assert!(takes(target), "{target}");
        }
    }

    #[test]
    fn what_two_readers_read_differently_is_refused() {
        let bad = [
            "/a/../b",
            "/a/./b",
            "/..",
            "//a",
            "/a//b",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a%00",
            "/a%0d%0ab",
            "/%2e%2e/a",
            "/a%",
            "/a%2",
            "/a%zz",
            "/a;b",
            "/%252e",
            "http://other/a",
            "*",
            "/a?b=%0d%0aSet-Cookie:x",
            "/a?b=%0",
        ];
        for target in bad {
            assert!(!takes(target), "{target}");
        }
    }
}
