//! What can go wrong between a client and a provider, at will.

use std::time::Duration;

use serde_json::Value;

use super::request::Request;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// This status, with `Retry-After` in seconds if given. Nothing is done.
    Status(u16, Option<u64>),
    /// 403 with the page of a firewall. Nothing is done.
    Html403,
    /// 200 with the page of a captive portal. Nothing is done.
    Portal200,
    /// The connection is reset. Nothing is done.
    ResetBefore,
    /// All is done; the connection is reset in the middle of the answer's body.
    ResetMidBody,
    /// All is done; the connection is closed without an answer.
    LostAnswer,
    /// All is done; the answer takes a while.
    Slow(Duration),
    /// 302 to this address. Nothing is done.
    Redirect(String),
    /// All is done; the answer's body has so many bytes (the right one, then blanks).
    Oversized(usize),
    /// 202 as if it would be done. Nothing is done, ever.
    Accepted202NoEffect,
    /// 403 with JSON that could be anybody's. Nothing is done.
    Loose403,
    /// All is done; the answer says that it is JSON, and is none.
    NotJson,
    /// All is done; every value of the answer has another type.
    WrongType,
}

/// Which requests a fault is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trigger {
    class: Class,
    path: Option<String>,
    method: Option<String>,
    nth: Option<usize>,
    times: Option<usize>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Class {
    #[default]
    Any,
    Reads,
    Writes,
}

impl Trigger {
    /// Every request.
    pub fn any() -> Self {
        Self::default()
    }

    /// Requests whose route changes nothing, whatever their method.
    pub fn reads() -> Self {
        Self { class: Class::Reads, ..Self::default() }
    }

    /// Requests whose route has an effect, whatever their method.
    pub fn writes() -> Self {
        Self { class: Class::Writes, ..Self::default() }
    }

    /// Only those whose path holds this text.
    #[must_use]
    pub fn path(mut self, part: &str) -> Self {
        self.path = Some(part.to_owned());
        self
    }

    /// Only those of this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only the nth of them, counted from 1; with [`times`](Self::times) from the nth on.
    #[must_use]
    pub fn nth(mut self, number: usize) -> Self {
        self.nth = Some(number);
        self
    }

    /// Only so many of them.
    #[must_use]
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    fn is_for(&self, request: &Request, is_write: bool) -> bool {
        let class = match self.class {
            Class::Any => true,
            Class::Reads => !is_write,
            Class::Writes => is_write,
        };
        let path = self.path.as_ref().is_none_or(|part| request.path().contains(part.as_str()));
        class && path && self.method.as_ref().is_none_or(|method| *method == request.method)
    }

    /// Whether the fault strikes at the request of this number.
    fn strikes(&self, number: usize) -> bool {
        let first = self.nth.unwrap_or(1);
        let times = self.times.or(self.nth.map(|_| 1)).unwrap_or(usize::MAX);
        number >= first && number - first < times
    }
}

/// The faults of a stage.
#[derive(Debug, Default)]
pub(super) struct Faults(Vec<(Trigger, Fault, usize)>);

impl Faults {
    pub(super) fn add(&mut self, trigger: Trigger, fault: Fault) {
        self.0.push((trigger, fault, 0));
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The first fault that strikes at a request. All that are for it count it.
    pub(super) fn pick(&mut self, request: &Request, is_write: bool) -> Option<Fault> {
        let mut picked = None;
        for (trigger, fault, seen) in &mut self.0 {
            if trigger.is_for(request, is_write) {
                *seen += 1;
                if trigger.strikes(*seen) && picked.is_none() {
                    picked = Some(fault.clone());
                }
            }
        }
        picked
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// How an answer goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delivery {
    /// What goes out; `None` if the connection ends without an answer.
    pub(super) response: Option<Response>,
    /// How long it takes until then.
    pub(super) wait: Duration,
    /// How the connection ends.
    pub(super) end: End,
    /// How many blanks follow the body.
    pub(super) padding: usize,
}

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// Not at all: the next request may follow.
    Stay,
    Close,
    Reset,
    /// Reset after half of the body.
    Cut,
}

impl Response {
    /// An answer with a content type.
    pub(super) fn new(status: u16, content: &str, body: &str) -> Self {
        let headers = vec![("Content-Type".to_owned(), content.to_owned())];
        Self { status, headers, body: body.as_bytes().to_vec() }
    }
}

impl Delivery {
    /// The answer as it is.
    pub(super) fn plain(response: Response) -> Self {
        Self { response: Some(response), wait: Duration::ZERO, end: End::Close, padding: 0 }
    }
}

impl Fault {
    /// What happens in place of everything; `None` if the request is served first.
    pub(super) fn instead(&self) -> Option<Delivery> {
        let response = match self {
            Self::Status(status, retry) => {
                let mut response = Response::new(*status, "application/json", r#"{"message":"try again later"}"#);
                response.headers.extend(retry.map(|seconds| ("Retry-After".to_owned(), seconds.to_string())));
                response
            }
            Self::Html403 => Response::new(403, "text/html; charset=utf-8", FIREWALL),
            Self::Portal200 => Response::new(200, "text/html; charset=utf-8", PORTAL),
            Self::Redirect(to) => {
                let mut response = Response::new(302, "text/html", "");
                response.headers.push(("Location".to_owned(), to.clone()));
                response
            }
            Self::Accepted202NoEffect => Response::new(202, "application/json", "{}"),
            Self::Loose403 => Response::new(403, "application/json", r#"{"message":"Forbidden"}"#),
            Self::ResetBefore => {
                return Some(Delivery { response: None, wait: Duration::ZERO, end: End::Reset, padding: 0 });
            }
            Self::ResetMidBody
            | Self::LostAnswer
            | Self::Slow(_)
            | Self::Oversized(_)
            | Self::NotJson
            | Self::WrongType => return None,
        };
        Some(Delivery::plain(response))
    }

    /// What becomes of an answer after everything is done.
    pub(super) fn after(&self, mut response: Response) -> Delivery {
        match self {
            Self::NotJson => response = Response::new(response.status, "application/json", r#"{"data": [{"id": "#),
            Self::WrongType => {
                let mut json = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
                retype(&mut json);
                response.body = json.to_string().into_bytes();
            }
            _ => {}
        }
        let length = response.body.len();
        let mut delivery = Delivery::plain(response);
        match self {
            Self::LostAnswer => delivery.response = None,
            Self::ResetMidBody => (delivery.end, delivery.padding) = (End::Cut, 64),
            Self::Slow(wait) => delivery.wait = *wait,
            Self::Oversized(bytes) => delivery.padding = bytes.saturating_sub(length),
            _ => {}
        }
        delivery
    }
}

/// Gives every value another type, and leaves the names.
fn retype(json: &mut Value) {
    match json {
        Value::Object(fields) if !fields.is_empty() => fields.values_mut().for_each(retype),
        Value::Array(items) if !items.is_empty() => items.iter_mut().for_each(retype),
        Value::String(_) => *json = Value::from(7),
        Value::Bool(_) | Value::Number(_) => *json = Value::Object(serde_json::Map::new()),
        Value::Null | Value::Object(_) => *json = Value::Array(Vec::new()),
        Value::Array(_) => *json = Value::String("none".to_owned()),
    }
}

const FIREWALL: &str = "<!DOCTYPE html><html><head><title>Access denied</title></head><body><h1>Access denied</h1>\
    <p>The owner of this website has banned your address. Ray 8f2a.</p></body></html>";

const PORTAL: &str = "<!DOCTYPE html><html><head><title>Welcome</title></head><body><h1>Guest network</h1>\
    <form action=\"/login\"><input name=\"room\"><button>Log in</button></form></body></html>";
