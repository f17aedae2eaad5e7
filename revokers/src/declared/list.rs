//! Reads a list over all its pages.

use std::sync::Arc;

use reqwest::Url;
use serde_json::Value;

use super::{Filled, usual};
use crate::answer::Means;
use crate::http::{Answer, Call, Repeat};
use crate::kind::{LocateSpec, Page};
use crate::reading::Read;
use crate::{Context, Outcome, Why, pointer};

/// The most pages that are read of one list.
const MOST_PAGES: usize = 1_000;
/// The most bytes that they may have together.
const MOST_BYTES: usize = 64 << 20;

/// Every page of a step's list. Who asks for the same at the same time is given the same.
pub(super) async fn pages(filled: &Filled, cx: &Context, step: &LocateSpec) -> Result<Read, Outcome> {
    let unknown = |why| Outcome::Unknown { why };
    let mut call = step.request.call(&filled.values).map_err(unknown)?;
    if let Some(page) = &step.page {
        start(page, &mut call);
    }
    if filled.signer.is_some() {
        return read(filled, cx, step, call).await;
    }
    // Whoever waits for the answer holds on to the step, so that no other has its place in memory.
    let id = call.list_id(&filled.payer, std::ptr::from_ref(step).addr());
    cx.http.readings.read(id, read(filled, cx, step, call)).await
}

async fn read(filled: &Filled, cx: &Context, step: &LocateSpec, mut call: Call) -> Result<Read, Outcome> {
    let unknown = |why| Outcome::Unknown { why };
    let (mut pages, mut room) = (Vec::new(), Room(MOST_BYTES));
    for _ in 0..MOST_PAGES {
        filled.sign(&mut call).map_err(unknown)?;
        let answer = cx.http.send(&call, &filled.payer, Repeat::Safe).await.map_err(unknown)?;
        match usual(&step.answers, &answer).map_err(unknown)? {
            Means::Done | Means::Active => {}
            Means::Gone => return Ok(Read::Gone),
            _ => return Err(Outcome::NotPermitted { why: format!("the list is refused ({})", answer.status) }),
        }
        room.take(answer.bytes().len()).map_err(unknown)?;
        let document = answer.json().ok_or(Outcome::Unknown { why: Why::Answer { status: answer.status } })?;
        let next = match &step.page {
            Some(page) => {
                next(page, step.each.as_deref().unwrap_or_default(), &call, &document, &answer).map_err(unknown)?
            }
            None => None,
        };
        pages.push(document);
        match next {
            Some(url) => *call.url_mut() = url,
            None => return Ok(Read::Pages(Arc::new(pages))),
        }
    }
    Err(unknown(Why::Incomplete))
}

/// How many bytes may still be read.
struct Room(usize);

impl Room {
    fn take(&mut self, bytes: usize) -> Result<(), Why> {
        self.0 = self.0.checked_sub(bytes).ok_or(Why::TooLarge { limit: MOST_BYTES })?;
        Ok(())
    }
}

/// Asks for the first page, where pages are counted.
fn start(page: &Page, call: &mut Call) {
    if let Some(number) = &page.number {
        set(call.url_mut(), number, &page.from.unwrap_or(1).to_string());
    } else if let Some(offset) = &page.offset {
        set(call.url_mut(), offset, "0");
    }
}

/// The address of the page after this one; `None` if this is the last.
fn next(page: &Page, each: &str, call: &Call, document: &Value, answer: &Answer) -> Result<Option<Url>, Why> {
    let count = pointer::find(document, each).first().and_then(|list| list.as_array()).map_or(0, Vec::len) as u64;
    let url = call.url();
    if page.link {
        return answer.header("link").as_deref().and_then(link).map(|next| same_host(url, &next)).transpose();
    }
    if let Some(place) = &page.url {
        let next = pointer::find(document, place).first().and_then(|value| value.as_str());
        return next.filter(|next| !next.is_empty()).map(|next| same_host(url, next)).transpose();
    }
    let more = page.more.as_ref().map(|place| pointer::find(document, place).first().and_then(|more| more.as_bool()));
    if more == Some(Some(false)) {
        return Ok(None);
    }
    if let (Some(place), Some(param)) = (&page.next, &page.param) {
        let cursor = pointer::find(document, place).last().and_then(|value| pointer::scalar(value));
        return Ok(cursor.filter(|cursor| !cursor.is_empty()).map(|cursor| with(url, param, &cursor)));
    }
    let full = page.size.is_none_or(|size| count >= size) && count > 0;
    let step = |param: &String, by: u64| {
        let now = url.query_pairs().find(|(name, _)| name == param).and_then(|(_, value)| value.parse::<u64>().ok());
        full.then(|| with(url, param, &(now.unwrap_or(0) + by).to_string()))
    };
    Ok(match (&page.number, &page.offset) {
        (Some(number), _) => step(number, 1),
        (None, Some(offset)) => step(offset, count),
        (None, None) => None,
    })
}

/// The address with one parameter set.
fn with(url: &Url, param: &str, value: &str) -> Url {
    let mut url = url.clone();
    set(&mut url, param, value);
    url
}

fn set(url: &mut Url, param: &str, value: &str) {
    let others: Vec<(String, String)> =
        url.query_pairs().filter(|(name, _)| name != param).map(|(n, v)| (n.into_owned(), v.into_owned())).collect();
    url.query_pairs_mut().clear().extend_pairs(others).append_pair(param, value);
}

/// The address of `rel="next"` in a Link header (RFC 8288). Addresses may hold commas, and so may what stands in quotes.
fn link(header: &str) -> Option<String> {
    let mut rest = header;
    loop {
        let (address, behind) = rest.split_once('<')?.1.split_once('>')?;
        let (parameters, others) = to_comma(behind);
        if parameters.split(';').any(is_next) {
            return Some(address.trim().to_owned());
        }
        rest = others;
    }
}

/// What stands before the first comma that is not in quotes, and what behind it.
fn to_comma(text: &str) -> (&str, &str) {
    let mut quoted = false;
    let comma = text.find(|c| {
        quoted ^= c == '"';
        c == ',' && !quoted
    });
    comma.and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""))
}

/// Whether a parameter says that its link leads to the next page.
fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
    name.trim().eq_ignore_ascii_case("rel") && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
}

/// For the fuzz targets: what comes after an answer is asked of the same host, or of nobody.
#[cfg(fuzzing)]
pub(crate) fn fuzz(step: &LocateSpec, document: &Value, answer: &Answer) {
    let Some(page) = &step.page else { return };
    let mut call = Call::new(reqwest::Method::GET, Url::parse("https://a.example/x?page=1").expect("an address"));
    start(page, &mut call);
    if let Ok(Some(url)) = next(page, step.each.as_deref().unwrap_or_default(), &call, document, answer) {
        assert_eq!((url.scheme(), url.host_str(), url.port()), ("https", Some("a.example"), None));
    }
}

/// A page's address, if it is of the same host: a credential is carried nowhere else.
fn same_host(url: &Url, next: &str) -> Result<Url, Why> {
    let next = url.join(next).map_err(|_| Why::Redirect)?;
    if next.scheme() == "https" && next.host() == url.host() && next.port() == url.port() {
        Ok(next)
    } else {
        Err(Why::Redirect)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn call(url: &str) -> Call {
        Call::new(reqwest::Method::GET, Url::parse(url).unwrap_or_else(|error| panic!("{error}")))
    }

    fn after(page: &str, url: &str, document: &Value, answer: &Answer) -> Result<Option<String>, Why> {
        let page: Page = toml::from_str(page).unwrap_or_else(|error| panic!("{error}"));
        next(&page, "/data", &call(url), document, answer).map(|url| url.map(|url| url.to_string()))
    }

    #[test]
    fn pages_follow_each_other_as_providers_do_it() {
        let plain = Answer::fake(200, &[], "");
        let two = json!({"data": [1, 2], "next": "c d", "more": true});
        let cursor = "next = '/next'\nparam = 'after'\nmore = '/more'";
        let ok = |url: &str| Ok(Some(url.to_owned()));
        assert_eq!(
            after(cursor, "https://a.example/x?limit=2", &two, &plain),
            ok("https://a.example/x?limit=2&after=c+d")
        );
        assert_eq!(
            after(cursor, "https://a.example/x", &json!({"data": [1], "next": "c", "more": false}), &plain),
            Ok(None)
        );
        assert_eq!(
            after("number = 'page'\nsize = 2", "https://a.example/x?page=1", &two, &plain),
            ok("https://a.example/x?page=2")
        );
        assert_eq!(after("number = 'page'\nsize = 3", "https://a.example/x?page=1", &two, &plain), Ok(None));
        assert_eq!(
            after("offset = 'o'\nsize = 2", "https://a.example/x?o=4", &two, &plain),
            ok("https://a.example/x?o=6")
        );
        let linked = Answer::fake(
            200,
            &[("link", "<https://a.example/x?p=1>; rel=\"prev\", <https://a.example/x?p=3>; rel=\"next\"")],
            "",
        );
        assert_eq!(after("link = true", "https://a.example/x", &two, &linked), ok("https://a.example/x?p=3"));
        for (header, next) in [
            (
                "<https://a.example/x?ids=1,2>; title=\"a, b; c\"; Rel=\"last NEXT\"",
                Some("https://a.example/x?ids=1,2"),
            ),
            ("<https://a.example/x?ids=1,2>; rel=\"prev\"", None),
            ("</y>; rel=next", Some("https://a.example/y")),
            ("<https://a.example/z", None),
        ] {
            let linked = Answer::fake(200, &[("link", header)], "");
            let found = after("link = true", "https://a.example/x", &two, &linked);
            assert_eq!(found, Ok(next.map(str::to_owned)), "{header}");
        }
        assert_eq!(
            after("url = '/next'", "https://a.example/x", &json!({"next": "/y?p=2"}), &plain),
            ok("https://a.example/y?p=2")
        );
    }

    #[test]
    fn all_pages_together_are_bounded() {
        let mut room = Room(MOST_BYTES);
        let pages = (0..MOST_PAGES).take_while(|_| room.take(8 << 20).is_ok()).count();
        assert_eq!(pages, 8);
        assert_eq!(room.take(1), Err(Why::TooLarge { limit: MOST_BYTES }));
    }

    #[test]
    fn a_page_of_another_host_is_not_read() {
        let plain = Answer::fake(200, &[], "");
        for next in ["https://evil.example/x", "http://a.example/x", "//evil.example/", "https://a.example:8443/"] {
            assert_eq!(
                after("url = '/next'", "https://a.example/x", &json!({"next": next}), &plain),
                Err(Why::Redirect),
                "{next}"
            );
        }
    }
}
