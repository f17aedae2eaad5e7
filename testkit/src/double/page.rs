//! Lists in pages, as providers hand them out.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::request::{Request, Source, is_pointer, percent_encoded};
use super::route::Holes;

/// The parameters by which providers let a client say how many items it wants.
const SIZES: &[&str] = &[
    "limit",
    "per_page",
    "perPage",
    "page_size",
    "pageSize",
    "page[size]",
    "size",
    "count",
    "rows",
    "max_results",
    "maxResults",
    "results_per_page",
    "itemsPerPage",
    "per-page",
    "take",
    "first",
    "$top",
];

/// The most items of a page, whatever a client asks for.
const MAX_SIZE: usize = 500;

/// Cursors that must be numbers begin here, so that they are told from numbers that a client counts.
const FAR: usize = 1_000_000;

/// How a list is paged.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub(super) struct Pages {
    size: usize,
    mode: Mode,
    /// Where a boolean says whether there is more.
    pub(super) more: Option<String>,
    /// Where what to ask for next stands.
    pub(super) next: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Mode {
    /// A word of the answer is sent with the next request.
    Cursor(Source),
    /// The `Link` header has the next address: <https://www.rfc-editor.org/rfc/rfc8288>
    Link(String),
    /// The answer has the next address.
    Address(String),
    /// Pages are counted from this number.
    Number(Source, usize),
    /// Items are counted from 0.
    Offset(Source),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    size: usize,
    next: Option<String>,
    param: Option<String>,
    more: Option<String>,
    link: Option<bool>,
    number: Option<String>,
    from: Option<usize>,
    offset: Option<String>,
    url: Option<String>,
}

/// The items of one page, and what comes after.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) from: usize,
    pub(super) to: usize,
    more: bool,
    next: Option<Value>,
    /// The next address, without the host.
    address: Option<String>,
}

impl TryFrom<Written> for Pages {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { size, next, param, more, link, number, from, offset, url } = written;
        let place = |text: String| if text.contains(':') { Source::parse(&text) } else { Ok(Source::Query(text)) };
        let pointers = [&next, &more, &url].into_iter().flatten();
        if let Some(bad) = pointers.into_iter().find(|text| !is_pointer(text) || text.is_empty()) {
            return Err(format!("`{bad}` is no pointer"));
        }
        if size == 0 {
            return Err("a page has at least one item".to_owned());
        }
        if from.is_some() && number.is_none() {
            return Err("`from` goes with `number`".to_owned());
        }
        let mut next = next;
        let mode = match (param, link.unwrap_or(false), number, offset, url) {
            (Some(param), false, None, None, None) if next.is_some() => Mode::Cursor(place(param)?),
            (Some(param), true, None, None, None) => Mode::Link(param),
            (Some(param), false, None, None, url @ Some(_)) => {
                next = url;
                Mode::Address(param)
            }
            (None, false, Some(number), None, None) => Mode::Number(place(number)?, from.unwrap_or(1)),
            (None, false, None, Some(offset), None) => Mode::Offset(place(offset)?),
            _ => {
                let ways = "`next` and `param`, `link` and `param`, `url` and `param`, `number`, or `offset`";
                return Err(format!("pages go by one of: {ways}"));
            }
        };
        Ok(Self { size, mode, more, next })
    }
}

impl Pages {
    /// How many items a page has where the client counts, and so knows by a short page that it is the last; `None` where the answer says
    /// what comes next. `size = 1` is what tests like and no provider does, so that it does not count where the client says nothing.
    pub(super) fn counted(&self, request: &Request) -> Option<usize> {
        let query = request.query();
        let asked = query.iter().find(|(name, _)| SIZES.contains(&name.as_str()));
        let asked = asked.and_then(|(_, size)| size.parse::<usize>().ok()).filter(|size| *size > 0);
        let size = asked.unwrap_or(if self.size > 1 { self.size } else { 100 }).min(MAX_SIZE);
        match &self.mode {
            Mode::Number(..) | Mode::Offset(_) => Some(size),
            Mode::Cursor(_) => None,
            // Where addresses lead on, most providers take the number of a page, too.
            Mode::Link(param) | Mode::Address(param) => {
                let is_number = |(name, value): &(String, String)| {
                    name == param && value.parse::<usize>().is_ok_and(|number| number < FAR)
                };
                (param.to_lowercase().contains("page") && query.iter().any(is_number)).then_some(size)
            }
        }
    }

    /// The page that a request wants of so many items.
    ///
    /// # Errors
    /// Says that it asks for a page that it was not told of.
    pub(super) fn window(&self, request: &Request, holes: &Holes, total: usize) -> Result<Window, String> {
        let param = match &self.mode {
            Mode::Cursor(source) | Mode::Number(source, _) | Mode::Offset(source) => source.clone(),
            Mode::Link(name) | Mode::Address(name) => Source::Query(name.clone()),
        };
        let shown = param.values(request, holes).into_iter().find(|value| !value.is_null());
        let shown = shown.map(|value| super::key::text(&value)).filter(|text| !text.is_empty());
        let size = self.counted(request).unwrap_or(self.size);
        let number = |text: &str| text.parse::<usize>().map_err(|_| format!("`{text}` is no number of a page"));
        let from = match (&self.mode, shown) {
            (_, None) => 0,
            (Mode::Number(_, first), Some(text)) => {
                number(&text)?.checked_sub(*first).ok_or("pages are not counted from there")?.saturating_mul(size)
            }
            (Mode::Offset(_), Some(text)) => number(&text)?,
            (Mode::Link(_) | Mode::Address(_), Some(text)) if self.counted(request).is_some() => {
                number(&text)?.saturating_sub(1).saturating_mul(size)
            }
            (_, Some(text)) => offset(&text).ok_or_else(|| format!("`{text}` is no cursor that was handed out"))?,
        };
        let from = from.min(total);
        let to = from.saturating_add(size).min(total);
        let more = to < total;
        let next = match &self.mode {
            Mode::Cursor(_) => Some(Value::String(cursor(to))),
            Mode::Number(_, first) => Some(Value::from(to / size + first)),
            Mode::Offset(_) => Some(Value::from(to)),
            Mode::Link(_) | Mode::Address(_) => None,
        };
        let address = match &self.mode {
            Mode::Link(name) | Mode::Address(name) if is_page(name) => {
                Some(next_address(request, name, &FAR.saturating_add(to).to_string()))
            }
            Mode::Link(name) | Mode::Address(name) => Some(next_address(request, name, &cursor(to))),
            _ => None,
        };
        // A cursor is there on the last page, too, if something else says that it is the last.
        let keep = more || (self.more.is_some() && matches!(self.mode, Mode::Cursor(_)));
        Ok(Window { from, to, more, next: next.filter(|_| keep), address: address.filter(|_| more) })
    }

    /// Writes what comes after into an answer.
    pub(super) fn tell(&self, window: &Window, host: &str, json: &mut Value, headers: &mut Vec<(String, String)>) {
        if let Some(at) = &self.more {
            set(json, at, Value::Bool(window.more));
        }
        let address = window.address.as_ref().map(|target| format!("https://{host}{target}"));
        match (&self.mode, &self.next, address) {
            (Mode::Link(_), _, Some(address)) => {
                headers.push(("Link".to_owned(), format!("<{address}>; rel=\"next\"")));
            }
            (Mode::Address(_), Some(at), Some(address)) => set(json, at, Value::String(address)),
            (_, Some(at), _) => window.next.iter().for_each(|next| set(json, at, next.clone())),
            _ => {}
        }
    }
}

/// A cursor for an offset. Its characters are those that a client must encode.
fn cursor(offset: usize) -> String {
    format!("c+{offset}/==")
}

/// Whether providers want a number there, and so hand one out.
fn is_page(param: &str) -> bool {
    let param = param.to_lowercase();
    param.contains("page") && !param.contains("token")
}

fn offset(cursor: &str) -> Option<usize> {
    let of_page = || cursor.parse::<usize>().ok()?.checked_sub(FAR);
    let opaque = |text: &str| text.strip_suffix("/==")?.parse().ok();
    cursor.strip_prefix("c+").map_or_else(of_page, opaque)
}

/// The path and query of a request with another cursor.
fn next_address(request: &Request, param: &str, cursor: &str) -> String {
    let kept = request.query().into_iter().filter(|(name, _)| name != param);
    let all = kept.chain([(param.to_owned(), cursor.to_owned())]);
    let query: Vec<String> =
        all.map(|(name, value)| format!("{}={}", percent_encoded(&name), percent_encoded(&value))).collect();
    format!("{}?{}", request.path(), query.join("&"))
}

/// Puts a value where a pointer points, and makes the objects above it.
pub(super) fn set(json: &mut Value, pointer: &str, value: Value) {
    let mut place = json;
    for name in pointer.split('/').skip(1) {
        let name = name.replace("~1", "/").replace("~0", "~");
        if let (Value::Array(_), Ok(index)) = (&*place, name.parse::<usize>()) {
            let Some(item) = place.get_mut(index) else { return };
            place = item;
            continue;
        }
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(fields) = place else { return };
        place = fields.entry(name).or_insert(Value::Null);
    }
    *place = value;
}
