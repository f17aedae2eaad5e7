//! What goes over the socket: whole requests, answers that are spoilt, connections that break or stay.

use super::*;

#[test]
fn requests_are_kept_as_they_came() {
    let stage = start(Cast::default());
    let value = stage.leaked().value.clone();
    ask("POST", "/revoke?x=%20").header("X-Test: one").form(format!("token={value}")).of(&stage);
    let requests = stage.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/revoke?x=%20"));
    assert_eq!((request.host.as_str(), request.header("x-test")), ("api.acme.example", Some("one")));
    assert_eq!(request.body, format!("token={value}").into_bytes());
    assert_eq!((request.route.as_deref(), request.status), (Some("revoke by value"), Some(200)));
    assert_eq!(stage.life(Role::Leaked), Some(Life::Deleted));
    let again = ask("POST", "/revoke").form(format!("token={value}")).of(&stage);
    assert_eq!((again.status, again.body.as_str()), (400, r#"{"error":"unknown"}"#));
}

#[test]
fn chunked_bodies_are_read() {
    let stage = start(Cast::default());
    let body = format!("token={}", stage.leaked().value);
    let (first, second) = body.split_at(9);
    let mut stream = TcpStream::connect(stage.address()).unwrap_or_else(|error| panic!("{error}"));
    let head = "POST /revoke HTTP/1.1\r\nHost: api.acme.example:443\r\nTransfer-Encoding: chunked\r\n";
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n\r\n";
    let chunks = format!("{:x}\r\n{first}\r\n{:x};x=y\r\n{second}\r\n0\r\n\r\n", first.len(), second.len());
    for piece in [head, kind, &chunks] {
        stream.write_all(piece.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap_or_else(|error| panic!("{error}"));
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nok"), "{answer}");
    assert!(!stage.alive(Role::Leaked));
}

#[test]
fn answers_that_prove_nothing_are_not_served() {
    let stage = start(Cast::default());
    let url = format!("/v1/projects/proj_1/keys/{}", stage.leaked().id);
    let disable = || ask("PATCH", url.clone()).bearer(&admin(&stage)).json(&json!({"active": false})).of(&stage);
    for (fault, status, body) in [
        (Fault::Status(429, Some(7)), 429, "{"),
        (Fault::Html403, 403, "<!DOCTYPE"),
        (Fault::Portal200, 200, "<!DOCTYPE"),
        (Fault::Redirect("https://evil.example/x".to_owned()), 302, ""),
        (Fault::Accepted202NoEffect, 202, "{}"),
        (Fault::Loose403, 403, "{"),
    ] {
        stage.fault(Trigger::writes(), fault.clone());
        let answer = disable();
        assert!(answer.status == status && answer.body.starts_with(body), "{fault:?}: {answer:?}");
        let (retry, to) = (answer.header("Retry-After"), answer.header("Location"));
        assert_eq!(retry.is_some(), matches!(fault, Fault::Status(..)));
        assert_eq!(to.is_some(), matches!(fault, Fault::Redirect(_)));
        assert_eq!(me(&stage, &stage.leaked().value).status, 200, "reads are served");
        stage.no_faults();
    }
    assert!(stage.effects().is_empty());
    assert_eq!(disable().status, 200);
}

#[test]
fn answers_can_be_spoilt_after_the_effect() {
    let stage = start(Cast::default());
    let get = |fault: Fault| {
        stage.no_faults();
        stage.fault(Trigger::reads().path("/me"), fault);
        me(&stage, &stage.leaked().value)
    };
    let big = get(Fault::Oversized(3 << 20));
    assert_eq!((big.body.len(), &big.json()["object"]), (3 << 20, &json!("user")));
    assert!(serde_json::from_str::<Value>(&get(Fault::NotJson).body).is_err());
    let strange = get(Fault::WrongType).json();
    assert_eq!(
        (&strange["object"], &strange["live"], &strange["organization"]["id"]),
        (&json!(7), &json!({}), &json!(7))
    );
    let before = Instant::now();
    assert_eq!(get(Fault::Slow(Duration::from_millis(300))).status, 200);
    assert!(before.elapsed() >= Duration::from_millis(300));
}

#[test]
fn connections_break_before_and_after_the_effect() {
    let stage = start(Cast::default());
    let revoke = |key: &crate::double::Key| ask("POST", "/revoke").form(format!("token={}", key.value)).raw(&stage);
    stage.fault(Trigger::writes().nth(1), Fault::ResetBefore);
    stage.fault(Trigger::writes().nth(2), Fault::LostAnswer);
    assert_eq!(revoke(stage.leaked()), (Vec::new(), Some(ErrorKind::ConnectionReset)));
    assert!(stage.alive(Role::Leaked) && stage.effects().is_empty());
    assert_eq!(revoke(stage.leaked()), (Vec::new(), None));
    assert!(!stage.alive(Role::Leaked) && stage.effects().len() == 1);
    stage.fault(Trigger::any().method("POST"), Fault::ResetMidBody);
    let (read, end) = revoke(stage.other());
    assert!(read.starts_with(b"HTTP/1.1 200 ") && read.ends_with(b"\r\n\r\no"), "{}", read.escape_ascii());
    assert_eq!((end, stage.alive(Role::Other)), (Some(ErrorKind::ConnectionReset), false));
    assert_eq!(stage.requests().iter().map(|request| request.status).collect::<Vec<_>>(), [None, None, Some(200)]);
}

#[test]
fn faults_strike_when_they_are_told_to() {
    let stage = start(Cast::default());
    stage.fault(Trigger::any().path("/me").nth(2).times(2), Fault::Status(503, None));
    let statuses = [(); 5].map(|()| me(&stage, &stage.leaked().value).status);
    assert_eq!(statuses, [200, 503, 503, 200, 200]);
    stage.fault(Trigger::reads().times(1), Fault::Status(500, None));
    assert_eq!([(); 2].map(|()| me(&stage, &stage.leaked().value).status), [500, 200]);
}

#[test]
fn a_stage_stops_in_time_whatever_its_clients_do() {
    let stage = start(Cast::default());
    stage.fault(Trigger::any(), Fault::Slow(Duration::from_mins(1)));
    let address = stage.address();
    let idle = TcpStream::connect(address);
    let mut half = TcpStream::connect(address).unwrap_or_else(|error| panic!("{error}"));
    half.write_all(b"POST /revoke HTTP/1.1\r\nContent-Length: 99\r\n\r\n").unwrap_or_else(|error| panic!("{error}"));
    let mut slow = TcpStream::connect(address).unwrap_or_else(|error| panic!("{error}"));
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap_or_else(|error| panic!("{error}"));
    while stage.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(5));
    }
    let before = Instant::now();
    drop(stage);
    assert!(before.elapsed() < Duration::from_secs(5), "{:?}", before.elapsed());
    assert!(idle.is_ok() && TcpStream::connect(address).is_err());
}

#[test]
fn a_connection_stays_open_where_a_test_wants_that() {
    for keeps in [false, true] {
        let stage = start(Cast { keeps, ..Cast::default() });
        let mut stream = TcpStream::connect(stage.address()).expect("the stage listens");
        let secret = &stage.leaked().value;
        let request =
            format!("GET /v1/me HTTP/1.1\r\nHost: api.acme.example\r\nAuthorization: Bearer {secret}\r\n\r\n");
        let mut answers = 0;
        while answers < 2 && stream.write_all(request.as_bytes()).is_ok() {
            let mut answer = [0; 4096];
            match stream.read(&mut answer) {
                Ok(1..) => answers += 1,
                _ => break,
            }
            // The rest of it: nobody sends more before the next request.
            stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a time");
            while matches!(stream.read(&mut answer), Ok(1..)) {}
            stream.set_read_timeout(None).expect("no time");
        }
        assert_eq!((answers, stage.requests().len()), if keeps { (2, 2) } else { (1, 1) });
        let begun = Instant::now();
        drop(stage);
        assert!(begun.elapsed() < Duration::from_secs(5), "it waits for a connection that nobody closes");
    }
}
