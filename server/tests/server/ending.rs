//! A server that stops.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::json;
use stanch_server::ServerConfig;
use stanch_server::auth::Role;
use stanch_server::config::Limits;

use crate::house::House;
use crate::wire::{answer, connect, read_all, request};

#[test]
fn a_request_that_has_begun_is_answered() {
    let mut house = House::new();
    let body = json!({ "name": "late", "role": "viewer" });
    let ask = request("POST", "/api/v1/tokens", Some(house.token(Role::Admin)), Some(&body));
    let (begin, end) = ask.split_at(ask.len() - 5);
    let mut stream = connect(house.address);
    stream.write_all(begin).expect("it is sent");
    std::thread::sleep(Duration::from_millis(300));
    let mut late = stream.try_clone().expect("a second handle");
    let end = end.to_vec();
    let writer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        late.write_all(&end).expect("it is sent");
        read_all(&mut late)
    });
    house.stop();
    let bytes = writer.join().expect("it ends");
    assert_eq!(answer(&bytes).map(|(answer, _)| answer.status), Some(201));
    assert!(TcpStream::connect(house.address).is_err(), "nothing new is accepted");
}

#[test]
fn whoever_does_not_end_is_cut_off() {
    let limits = Limits { grace_seconds: 1, ..Limits::default() };
    let mut house = House::with(ServerConfig { limits, ..ServerConfig::default() });
    let body = json!({ "name": "never", "role": "viewer" });
    let ask = request("POST", "/api/v1/tokens", Some(house.token(Role::Admin)), Some(&body));
    let mut stream = connect(house.address);
    stream.write_all(ask.get(..ask.len() - 5).expect("most of it")).expect("it is sent");
    let idle = connect(house.address);
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    house.stop();
    assert!(begun.elapsed() < Duration::from_secs(10));
    drop((stream, idle));
}
