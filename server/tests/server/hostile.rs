//! What strangers send: paths and headers that mean two things, bodies without an end, connections that say nothing.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use serde_json::json;
use stanch_server::ServerConfig;
use stanch_server::auth::Role;
use stanch_server::config::Limits;

use crate::house::{House, PANICS};
use crate::incidents::minted;
use crate::wire::{answer, answers, connect, exchange, read_all, request};

fn impatient() -> House {
    let limits = Limits { head_seconds: 1, body_seconds: 1, write_seconds: 1, ..Limits::default() };
    House::with(ServerConfig { limits, ..ServerConfig::default() })
}

/// The statuses of what some bytes are answered with.
fn statuses(house: &House, text: &str) -> Vec<u16> {
    answers(&exchange(house.address, text.as_bytes())).iter().map(|answer| answer.status).collect()
}

#[test]
fn a_path_that_two_readers_read_differently_is_refused() {
    let house = House::new();
    let token = house.token(Role::Admin);
    let bad = [
        "/api/v1/incidents/../tokens",
        "/api/v1/./tokens",
        "//api/v1/tokens",
        "/api/v1//tokens",
        "/api/v1/incidents%2ftokens",
        "/api/v1/%2e%2e/tokens",
        "/api/v1/tokens%00",
        "/api/v1/tokens;a=b",
        "/api/v1/incidents/%0d%0aset-cookie:%20a=b",
        "/api/v1/incidents?text=%0d%0a",
        "http://elsewhere/api/v1/me",
    ];
    for target in bad {
        let bytes = exchange(house.address, &request("GET", target, Some(token), None));
        let (answer, _) = answer(&bytes).unwrap_or_else(|| panic!("{target} is answered"));
        assert!(matches!(answer.status, 400 | 404), "{target}: {}", answer.status);
        assert!(answer.header("set-cookie").is_none(), "{target}");
    }
    // What is no request at all is answered before us, and never done.
    for text in [
        "GET /api/v1/me\r\n\r\n",
        "GET  /api/v1/me HTTP/1.1\r\n\r\n",
        "\u{0}\u{1}\u{2}\r\n\r\n",
        "GET /a\tb HTTP/1.1\r\n\r\n",
    ] {
        assert!(statuses(&house, text).iter().all(|status| *status == 400), "{text:?}");
    }
}

#[test]
fn a_header_cannot_end_its_line() {
    let house = House::new();
    let token = house.token(Role::Viewer);
    let head = format!("GET /api/v1/me HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {token}\r\n");
    assert_eq!(statuses(&house, &format!("{head}\r\n")), [200]);
    for line in
        ["x: a\rb: c", "x: a\u{0}b", "x y: z", " folded: b", "x : y", "host: b", "authorization: Bearer x", ": x"]
    {
        let statuses = statuses(&house, &format!("{head}{line}\r\n\r\n"));
        assert!(matches!(statuses.as_slice(), [400 | 401] | []), "{line:?}: {statuses:?}");
    }
    // Whom nobody declared as a proxy cannot say who asks, and who asks cannot name the request.
    let bytes = exchange(
        house.address,
        format!("{head}x-forwarded-for: 198.51.100.9\r\nx-request-id: mine\r\n\r\n").as_bytes(),
    );
    let (answer, _) = answer(&bytes).expect("an answer");
    assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_") && id.len() == 36));
}

#[test]
fn one_request_cannot_hide_in_another() {
    let house = House::new();
    let token = house.token(Role::Viewer);
    let hidden = format!("GET /api/v1/me HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n\r\n");
    let length = hidden.len();
    let heads = [
        // Two lengths, a length and chunks, chunks that are none, chunks twice, a length that is none.
        "content-length: 0\r\ncontent-length: 5".to_owned(),
        format!("content-length: {length}\r\ntransfer-encoding: chunked"),
        format!("transfer-encoding: chunked\r\ncontent-length: {length}"),
        "transfer-encoding: xchunked".to_owned(),
        "transfer-encoding: chunked, identity".to_owned(),
        "transfer-encoding:\u{b}chunked".to_owned(),
        "content-length: +0".to_owned(),
        "content-length: 0x0".to_owned(),
        "content-length: -1".to_owned(),
        "transfer-encoding : chunked".to_owned(),
    ];
    for head in heads {
        let text = format!("POST /healthz HTTP/1.1\r\nhost: a\r\n{head}\r\n\r\n0\r\n\r\n{hidden}");
        let statuses = statuses(&house, &text);
        assert!(!statuses.contains(&200) && statuses.len() <= 1, "{head:?}: {statuses:?}");
    }
}

#[test]
fn two_requests_in_a_row_get_two_answers() {
    let house = House::new();
    let one = "GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n";
    let last = "GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert_eq!(statuses(&house, &format!("{one}{last}")), [200, 200]);
}

#[test]
fn a_body_that_is_too_large_is_not_read() {
    let house = House::new();
    let token = house.token(Role::Admin);
    let head = format!(
        "POST /api/v1/tokens HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n"
    );
    assert_eq!(statuses(&house, &format!("{head}content-length: 100000000000\r\nconnection: close\r\n\r\n")), [413]);
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
    let endless = format!("{head}transfer-encoding: chunked\r\n\r\n{}", chunk.repeat(40));
    assert_eq!(statuses(&house, &endless), [413]);
    assert_eq!(
        statuses(
            &house,
            &format!("{head}content-encoding: gzip\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}")
        ),
        [415]
    );
    // A body where none is wanted, and one that was not announced as JSON.
    let text = format!(
        "GET /api/v1/me HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {token}\r\ncontent-length: 2\r\n\r\n{{}}"
    );
    assert_eq!(statuses(&house, &text), [413]);
    let form = head.replace("application/json", "text/plain");
    assert_eq!(statuses(&house, &format!("{form}content-length: 2\r\nconnection: close\r\n\r\n{{}}")), [415]);
    let many = format!("GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{}\r\n", "x: y\r\n".repeat(100));
    assert_eq!(statuses(&house, &many), [431]);
    let long = format!("GET /{} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "a".repeat(100_000));
    assert!(matches!(statuses(&house, &long).as_slice(), [414 | 431] | []));
    assert_eq!(house.ask_as(None, "GET", "/healthz", None).status, 200);
}

#[test]
fn whoever_is_slow_is_not_waited_for() {
    let house = impatient();
    let token = house.token(Role::Admin);
    let ended = |begin: &str, drip: &[u8]| {
        let (mut stream, begun) = (connect(house.address), Instant::now());
        stream.write_all(begin.as_bytes()).expect("it is sent");
        // A byte now and then must not buy more time.
        while begun.elapsed() < Duration::from_secs(15) && stream.write_all(drip).is_ok() {
            std::thread::sleep(Duration::from_millis(200));
            stream.set_read_timeout(Some(Duration::from_millis(1))).expect("a time-out");
            match stream.read(&mut [0; 1024]) {
                Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                }
                Ok(_) | Err(_) => break,
            }
        }
        begun.elapsed()
    };
    let head = "GET /healthz HTTP/1.1\r\nhost: a\r\n";
    let body = format!(
        "POST /api/v1/tokens HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n"
    );
    for (begin, drip) in [("", &b""[..]), (head, b"x"), (body.as_str(), b" ")] {
        let took = ended(begin, drip);
        assert!(took < Duration::from_secs(8), "{begin:?} held the connection for {took:?}");
    }
    let late = exchange(house.address, body.as_bytes());
    assert_eq!(answer(&late).map(|(answer, _)| (answer.status, answer.code())), Some((408, "too-slow".to_owned())));
}

#[test]
fn whoever_takes_no_answer_is_not_waited_for() {
    let house = impatient();
    let mut stream = connect(house.address);
    let ask = request("GET", "/api/v1/providers", Some(house.token(Role::Viewer)), None);
    let ask = String::from_utf8(ask).expect("text").replace("connection: close\r\n", "");
    let begun = Instant::now();
    // Each answer is some hundred KiB; none is read, so that the server's writes must come to a halt, and the connection to its end.
    while begun.elapsed() < Duration::from_secs(20) {
        if stream.write_all(ask.as_bytes()).is_err() {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the connection is still open");
}

#[test]
fn what_is_above_the_limit_is_told_to_come_back() {
    let limits = Limits { requests: 2, ..Limits::default() };
    let house = House::with(ServerConfig { limits, ..ServerConfig::default() });
    let token = house.token(Role::Admin);
    let body = format!(
        "POST /api/v1/tokens HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n"
    );
    let held: Vec<_> = (0..2)
        .map(|_| {
            let mut stream = connect(house.address);
            stream.write_all(body.as_bytes()).expect("it is sent");
            stream
        })
        .collect();
    let begun = Instant::now();
    let refused = loop {
        let answer = house.ask_as(None, "GET", "/healthz", None);
        if answer.status == 503 || begun.elapsed() > Duration::from_secs(10) {
            break answer;
        }
    };
    assert_eq!((refused.status, refused.code().as_str(), refused.header("retry-after")), (503, "busy", Some("1")));
    drop(held);
    let begun = Instant::now();
    while house.ask_as(None, "GET", "/healthz", None).status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(10), "the room is not given back");
    }
}

#[test]
fn bodies_have_room_together() {
    let limits = Limits { body_mib: 0, ..Limits::default() };
    let house = House::with(ServerConfig { limits, ..ServerConfig::default() });
    let answer = house.ask(Role::Admin, "POST", "/api/v1/tokens", Some(&json!({ "name": "a", "role": "viewer" })));
    assert_eq!((answer.status, answer.code().as_str()), (503, "busy"));
}

#[test]
fn a_body_in_crumbs_takes_the_room_that_it_weighs() {
    let limits = Limits { body_mib: 1, ..Limits::default() };
    let house = House::with(ServerConfig { limits, ..ServerConfig::default() });
    let token = house.token(Role::Admin);
    let body = format!("{{\"name\":\"ada\",\"role\":\"viewer\"{}}}", " ".repeat(4000));
    let chunks = body.chars().map(|one| format!("1\r\n{one}\r\n")).collect::<Vec<_>>().concat();
    let text = format!(
        "POST /api/v1/tokens HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
    );
    assert_eq!(statuses(&house, &text), [201]);
}

#[test]
fn strangers_leave_room_for_the_bodies_of_those_who_are_known() {
    let limits = Limits { body_mib: 1, ..Limits::default() };
    let house = House::with(ServerConfig { limits, ..ServerConfig::default() });
    let (length, sent) = (16 << 10, 15 << 10);
    let begin =
        format!("POST /console/sign-in HTTP/1.1\r\nhost: a\r\ncontent-length: {length}\r\n\r\n{}", "a".repeat(sent));
    let held: Vec<_> = (0..80)
        .map(|_| {
            let mut stream = connect(house.address);
            stream.write_all(begin.as_bytes()).expect("it is sent");
            stream
        })
        .collect();
    // Those who found no room are answered; by then the others hold what they got.
    let mut refused = 0;
    for mut stream in &held {
        stream.set_read_timeout(Some(Duration::from_millis(50))).expect("a time-out");
        let mut part = [0; 64];
        let length = stream.read(&mut part).unwrap_or(0);
        refused += usize::from(part[..length].starts_with(b"HTTP/1.1 503"));
    }
    assert!(refused >= 40, "half of the room is not theirs: {refused} of 80 were refused");
    let made = house.ask(Role::Admin, "POST", "/api/v1/tokens", Some(&json!({ "name": "ada", "role": "viewer" })));
    assert_eq!(made.status, 201);
}

#[test]
fn nobody_waits_for_the_body_of_a_webhook_that_is_not_there() {
    let house = House::new();
    let begun = Instant::now();
    let text = "POST /webhooks/github HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 1000\r\n\r\n";
    assert_eq!(statuses(&house, text), [404]);
    assert!(begun.elapsed() < Duration::from_secs(10), "it waited for {:?}", begun.elapsed());
}

#[test]
fn a_handler_that_panics_fails_its_own_request() {
    let house = House::new();
    let secret = minted(4);
    let body = json!({ "secret": secret, "labels": { PANICS: "yes" } });
    let mut stream = connect(house.address);
    let ask = request("POST", "/api/v1/findings", Some(house.token(Role::Responder)), Some(&body));
    stream.write_all(&ask).expect("it is sent");
    let bytes = read_all(&mut stream);
    let (answer, _) = answer(&bytes).expect("an answer");
    assert_eq!((answer.status, answer.code().as_str()), (500, "internal"));
    assert!(!String::from_utf8_lossy(&answer.body).contains("panics"), "the reason is not told");
    for _ in 0..3 {
        assert_eq!(house.ask_as(None, "GET", "/readyz", None).status, 200);
    }
}
