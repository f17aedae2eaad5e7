//! TLS, proxies, and the headers of answers.

use std::io::{Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use stanch_server::ServerConfig;
use stanch_server::auth::Role;
use stanch_server::config::TlsFiles;

use crate::house::House;
use crate::wire::{answer, connect, exchange, request};

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    command.args(arguments.split_whitespace()).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    let status = command.status().expect("openssl starts; install it");
    assert!(status.success(), "openssl {arguments}");
}

/// A new authority in `ca.pem`, and a certificate of it with its key. Each file appears whole.
fn certificate(folder: &Path) {
    const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").expect("it is written");
    openssl(folder, &format!("req -x509 {KEY} -keyout ca.key -out ca.pem -subj /CN=authority -days 2"));
    openssl(folder, &format!("req {KEY} -keyout key.new -out server.csr -subj /CN=server"));
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out cert.new",
    );
    for file in ["key", "cert"] {
        std::fs::rename(folder.join(format!("{file}.new")), folder.join(format!("{file}.pem"))).expect("it is renamed");
    }
}

/// Asks through TLS, trusting one authority alone.
fn through_tls(address: SocketAddr, trusted: &CertificateDer<'static>, ask: &[u8]) -> Result<Vec<u8>, std::io::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    let name = ServerName::try_from("127.0.0.1").expect("a name");
    let client = ClientConnection::new(config, name).expect("a client");
    let mut stream = StreamOwned::new(client, connect(address));
    stream.write_all(ask)?;
    let mut all = Vec::new();
    match stream.read_to_end(&mut all) {
        Err(_) if all.is_empty() => Err(std::io::ErrorKind::BrokenPipe.into()),
        _ => Ok(all),
    }
}

#[test]
fn tls_shows_the_certificate_that_is_there_now() {
    let folder = tempfile::tempdir().expect("a folder");
    certificate(folder.path());
    let (path, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let authority = folder.path().join("ca.pem");
    let read = || CertificateDer::from_pem_file(&authority).expect("a certificate");
    let first = read();
    let tls = Some(TlsFiles { certificate: path.clone(), key });
    let house = House::with(ServerConfig { tls, ..ServerConfig::default() });
    let ask = request("GET", "/api/v1/me", Some(house.token(Role::Viewer)), None);
    let bytes = through_tls(house.address, &first, &ask).expect("it answers");
    let (told, _) = answer(&bytes).expect("an answer");
    assert_eq!((told.status, told.header("strict-transport-security")), (200, Some("max-age=31536000")));
    // In clear nothing is answered.
    let clear = exchange(house.address, &ask);
    assert!(answer(&clear).is_none(), "{}", String::from_utf8_lossy(&clear));
    // What is half written leaves what was there; what is whole takes its place.
    std::fs::write(&path, "-----BEGIN CERTIFICATE-----\nAAAA").expect("it is written");
    std::thread::sleep(Duration::from_secs(6));
    assert!(through_tls(house.address, &first, &ask).is_ok());
    certificate(folder.path());
    let (second, begun) = (read(), Instant::now());
    while through_tls(house.address, &second, &ask).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the new certificate is not shown");
        std::thread::sleep(Duration::from_millis(250));
    }
    assert!(through_tls(house.address, &first, &ask).is_err());
}

#[test]
fn a_proxy_says_who_asks() {
    let trusted_proxies = vec!["127.0.0.1".parse().expect("a network")];
    let house = House::with(ServerConfig { trusted_proxies, ..ServerConfig::default() });
    let ask = |peer: &str, token: &str| {
        let text = format!(
            "GET /api/v1/me HTTP/1.1\r\nhost: a\r\nconnection: close\r\nx-forwarded-for: {peer}\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        answer(&exchange(house.address, text.as_bytes())).map(|(answer, _)| answer.status)
    };
    let wrong = "stanch_0000000000000000_x";
    for _ in 0..20 {
        assert_eq!(ask("198.51.100.1", wrong), Some(401));
    }
    assert_eq!(ask("198.51.100.1", wrong), Some(429));
    // What a client writes before the proxy's own word does not count.
    assert_eq!(ask("203.0.113.1, 198.51.100.1", wrong), Some(429));
    assert_eq!(ask("198.51.100.2", house.token(Role::Viewer)), Some(200));
}

#[test]
fn every_answer_has_the_headers_that_keep_it_safe() {
    let house = House::new();
    let token = house.token(Role::Viewer);
    for (target, token) in [
        ("/healthz", None),
        ("/api/v1/me", Some(token)),
        ("/api/v1/me", None),
        ("/nothing", None),
        ("/api/v1/tokens", Some(token)),
    ] {
        let answer = house.ask_as(token, "GET", target, None);
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{target}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{target}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{target}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{target}");
        assert!(
            answer.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'"))
        );
        assert!(answer.header("x-request-id").is_some());
        assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none(), "{target}");
    }
    let unknown = house.ask_as(None, "GET", "/api/v1/me", None);
    assert_eq!(unknown.header("www-authenticate"), Some("Bearer realm=\"stanch\""));
}

#[cfg(unix)]
#[test]
fn a_socket_in_the_file_system_is_for_its_owner_and_group() {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::UnixStream;

    use stanch_server::Listener;

    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("s");
    let place = format!("unix:{}", path.display()).parse().expect("a place");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let first = runtime.block_on(Listener::bind(&place)).expect("it listens");
    assert_eq!(std::fs::metadata(&path).expect("it is there").permissions().mode() & 0o777, 0o660);
    assert!(UnixStream::connect(&path).is_ok());
    assert!(runtime.block_on(Listener::bind(&place)).is_err(), "somebody listens there");
    drop(first);
    assert!(runtime.block_on(Listener::bind(&place)).is_ok(), "nobody listens there any more");
}
