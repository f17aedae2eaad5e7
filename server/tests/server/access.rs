//! Who may do what: every route with every role, and with tokens that do not count.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use stanch_server::auth::Role;
use stanch_server::{Access, Route, router};

use crate::house::House;
use crate::wire::{answer, exchange, request};

/// The target of a route, with names that nothing has.
fn target(route: &Route) -> String {
    let parts = route.path.split('/').map(|part| match part {
        "{id}" if route.path.contains("/incidents/") => "inc_00000000000000000000",
        part if part.starts_with('{') => "0000",
        part => part,
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The status that a route answers to a token. Bodies are such that nothing is made.
fn status(house: &House, route: &Route, token: Option<&str>) -> u16 {
    let body = json!({});
    let body = (route.most > 0).then_some(&body);
    let bytes = exchange(house.address, &request(route.method.as_str(), &target(route), token, body));
    answer(&bytes).unwrap_or_else(|| panic!("{route:?} answers")).0.status
}

#[test]
fn every_route_is_closed_to_whoever_has_a_lesser_role() {
    let house = House::new();
    let routes = router::all();
    let mut walked = 0;
    for route in routes.declared() {
        let Access::Token(least) = route.access else { continue };
        assert_eq!(status(&house, route, None), 401, "{route:?} without a token");
        for role in Role::ALL {
            let status = status(&house, route, Some(house.token(role)));
            assert_ne!(status, 401, "{route:?} as {role}");
            assert_eq!(status == 403, role < least, "{route:?} as {role}: {status}");
            walked += 1;
        }
    }
    assert!(walked > 60, "the walk saw {walked}");
}

#[test]
fn what_is_open_to_everybody_is_known_by_name() {
    let routes = router::all();
    let open = routes.declared().filter(|route| route.access == Access::Open && !route.path.starts_with("/console"));
    let open: Vec<&str> = open.map(|route| route.path.as_str()).filter(|path| *path != "/").collect();
    assert_eq!(open, ["/healthz", "/readyz"]);
}

#[test]
fn a_session_of_the_console_is_no_token_and_a_token_no_session() {
    let house = House::new();
    let routes = router::all();
    for route in routes.declared().filter(|route| matches!(route.access, Access::Session(_))) {
        let status = status(&house, route, Some(house.token(Role::Admin)));
        assert!((300..500).contains(&status), "{route:?} with a token: {status}");
    }
    let text = "GET /api/v1/me HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncookie: stanch_session=session_0_0\r\n\r\n";
    assert_eq!(answer(&exchange(house.address, text.as_bytes())).map(|(answer, _)| answer.status), Some(401));
}

#[test]
fn a_token_that_ended_does_not_count() {
    let house = House::new();
    let me = |token: &str| house.ask_as(Some(token), "GET", "/api/v1/me", None);
    let long_ago = Timestamp::now().checked_sub(Duration::from_hours(48)).expect("a time");
    let (_, expired) = house.named("old", Role::Admin, Some(Duration::from_hours(24)), long_ago);
    assert_eq!(me(&expired).status, 401);
    let (id, revoked) = house.named("gone", Role::Admin, None, Timestamp::now());
    assert_eq!(me(&revoked).json(), json!({ "name": "gone", "role": "admin" }));
    assert_eq!(house.ask(Role::Admin, "DELETE", &format!("/api/v1/tokens/{id}"), None).status, 204);
    assert_eq!(me(&revoked).status, 401);
    assert_eq!(house.ask(Role::Admin, "DELETE", &format!("/api/v1/tokens/{id}"), None).status, 404);
    // Neither does one that differs in a letter, or lacks one, or has more around it.
    let token = house.token(Role::Viewer);
    let (most, last) = token.split_at(token.len() - 1);
    let other = if last == "A" { "B" } else { "A" };
    for wrong in [format!("{most}{other}"), most.to_owned(), format!("{token}A"), token.to_uppercase(), String::new()] {
        assert_eq!(me(&wrong).status, 401);
    }
    assert_eq!(me(token).status, 200);
}

#[test]
fn tokens_are_made_listed_and_shown_once() {
    let house = House::new();
    let made = house.ask(
        Role::Admin,
        "POST",
        "/api/v1/tokens",
        Some(&json!({ "name": "ada", "role": "approver", "days": 1 })),
    );
    assert_eq!(made.status, 201);
    let value = made.json()["value"].as_str().map(ToOwned::to_owned).expect("a value");
    assert!(value.starts_with("stanch_"));
    assert_eq!(
        house.ask_as(Some(&value), "GET", "/api/v1/me", None).json(),
        json!({ "name": "ada", "role": "approver" })
    );
    let listed = house.ask(Role::Admin, "GET", "/api/v1/tokens", None);
    assert!(!String::from_utf8_lossy(&listed.body).contains(&value));
    assert!(listed.json()["tokens"].as_array().is_some_and(|all| all.iter().any(|token| token["name"] == "ada")));
    for name in ["Ada", "a b", "", "a\r\nx"] {
        let body = json!({ "name": name, "role": "viewer" });
        assert_eq!(house.ask(Role::Admin, "POST", "/api/v1/tokens", Some(&body)).status, 400, "{name:?}");
    }
    let body = json!({ "name": "ada", "role": "root" });
    assert_eq!(house.ask(Role::Admin, "POST", "/api/v1/tokens", Some(&body)).code(), "bad-request");
}

#[test]
fn whoever_keeps_failing_is_not_listened_to_for_a_while() {
    let house = House::new();
    let wrong = format!("stanch_{}_{}", "0".repeat(16), "A".repeat(43));
    let statuses: Vec<u16> = (0..25).map(|_| house.ask_as(Some(&wrong), "GET", "/api/v1/me", None).status).collect();
    assert!(statuses.iter().take(20).all(|status| *status == 401), "{statuses:?}");
    let last = house.ask_as(Some(&wrong), "GET", "/api/v1/me", None);
    assert_eq!((last.status, last.code().as_str()), (429, "too-many"));
    assert!(
        last.header("retry-after").and_then(|seconds| seconds.parse::<u32>().ok()).is_some_and(|seconds| seconds > 0)
    );
    // A token that counts needs no patience: whoever fails may share an address with everybody else, behind a proxy that is not declared.
    assert_eq!(house.ask(Role::Viewer, "GET", "/api/v1/me", None).status, 200);
    // That is about tokens: whether the server lives, everybody is told.
    assert_eq!(house.ask_as(None, "GET", "/healthz", None).status, 200);
}
