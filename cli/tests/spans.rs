//! Spans for a collector of OpenTelemetry: sent by builds that have it, refused by others, and without a secret in either.

#[cfg(not(feature = "otel"))]
#[test]
fn a_build_without_it_says_so() {
    let sandbox = stanch_testkit::Sandbox::new(crate::BINARY);
    let config = "[ownership]\nfallback = 'a@example.com'\n[serve]\nlisten = '127.0.0.1:0'\ntraces = 'http://127.0.0.1:1/v1/traces'\n";
    sandbox.write("config.toml", config);
    let run = sandbox.run(["serve", "--config", "config.toml"]);
    assert!(run.code == Some(2) && run.stderr.contains("--features otel"), "{}", run.stderr);
}

#[cfg(feature = "otel")]
mod sent {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex, PoisonError};

    use serde_json::json;
    use stanch_testkit::Sandbox;
    use stanch_testkit::server::until;

    use crate::serve::{Serving, made};
    use crate::{BINARY, token};

    /// A collector that takes everything; what it was sent, with the heads.
    fn collector() -> (u16, Arc<Mutex<Vec<u8>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        let port = listener.local_addr().map(|address| address.port()).unwrap_or_default();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&sent);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream);
                let (mut head, mut length) = (String::new(), 0);
                while reader.read_line(&mut head).is_ok_and(|read| read > 2) {
                    let line = head.lines().last().unwrap_or_default().to_ascii_lowercase();
                    length = line.strip_prefix("content-length:").map_or(length, |n| n.trim().parse().unwrap_or(0));
                }
                let mut body = vec![0; length];
                let _ = reader.read_exact(&mut body);
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(head.as_bytes());
                kept.extend_from_slice(&body);
                let _ =
                    reader.get_mut().write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            }
        });
        (port, sent)
    }

    /// A configuration that tells a collector at a port, and reaches no provider.
    fn told(sandbox: &Sandbox, port: u16) -> PathBuf {
        let config = format!(
            "[ownership]\nfallback = 'a@example.com'\n[http]\nattempts = 1\nconnect_ms = 200\n\
             [endpoints]\n'api.github.com' = 'http://127.0.0.1:1'\n\
             [serve]\ntraces = 'http://127.0.0.1:{port}/v1/traces'\n"
        );
        sandbox.write("config.toml", config)
    }

    #[test]
    fn what_is_asked_and_done_is_told_without_a_secret() {
        let (port, sent) = collector();
        let sandbox = Sandbox::new(BINARY);
        let responder = made(&sandbox, "ci", "responder");
        let serving = Serving::start(&sandbox, &told(&sandbox, port));
        let leaked = token(41);
        let found = json!({ "secret": leaked.secret(), "occurrences": [{ "source": "shop", "place": "app.env:1" }] });
        let (status, said) = serving.ask("POST", "/api/v1/findings", Some(&responder), Some(&found));
        assert_eq!(status, 201, "{said}");
        let seen = || String::from_utf8_lossy(&sent.lock().unwrap_or_else(PoisonError::into_inner)).into_owned();
        until("the call is told", || seen().contains(r#""name": "call""#));
        let _ = serving.ask("GET", &format!("/api/v1/incidents/{}", leaked.secret()), Some(&responder), None);
        // What is left is sent at the end.
        assert_eq!(serving.stop(), Some(0));
        let text = seen();
        let names = [r#""name": "request""#, r#""name": "incident""#, "POST /v1/traces", "github", "stanch"];
        for word in names.into_iter().chain(["/api/v1/findings", "/api/v1/incidents/{id}"]) {
            assert!(text.contains(word), "{word}: {text}");
        }
        assert_eq!(leaked.seen_in(text.as_bytes()), None);
        assert!(!text.contains(&responder), "no token is sent");
    }

    #[test]
    fn a_collector_that_is_not_there_is_told_of_and_holds_up_nothing() {
        let sandbox = Sandbox::new(BINARY);
        let serving = Serving::start(&sandbox, &told(&sandbox, 1));
        assert_eq!(serving.ask("GET", "/healthz", None, None).0, 200);
        until("it says so", || serving.said().contains("no spans were sent"));
        assert_eq!(serving.stop(), Some(0));
    }
}
