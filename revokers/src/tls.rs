//! Whose certificates are believed: those of the system's authorities, and of more that `http.ca` names.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::Verifier;

/// What handshakes are made with.
///
/// # Errors
/// If the authorities cannot be read.
pub(crate) fn config(ca: Option<&Path>) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = match ca {
        None => system(&provider)?,
        Some(path) => {
            let verifier = verifier(authorities(path)?, &provider);
            Arc::new(verifier.map_err(|detail| format!("`http.ca` ({}): {detail}", path.display()))?)
        }
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
}

/// The same for requests: a client of HTTP says which version it speaks (RFC 7301).
pub(crate) fn of_requests(config: &ClientConfig) -> ClientConfig {
    let mut config = config.clone();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// The system's authorities alone. They may stand in hundreds of files, so they are read once.
fn system(provider: &Arc<CryptoProvider>) -> Result<Arc<Verifier>, String> {
    static SYSTEM: OnceLock<Result<Arc<Verifier>, String>> = OnceLock::new();
    SYSTEM.get_or_init(|| verifier(Vec::new(), provider).map(Arc::new)).clone()
}

fn verifier(more: Vec<CertificateDer<'static>>, provider: &Arc<CryptoProvider>) -> Result<Verifier, String> {
    Verifier::new_with_extra_roots(more, Arc::clone(provider))
        .map_err(|error| format!("cannot read the certificate authorities: {error}"))
}

/// Certificates of a PEM file.
///
/// # Errors
/// If there is none in it.
fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let fail = |detail: &dyn fmt::Display| format!("`http.ca` ({}): {detail}", path.display());
    let all: Vec<_> = CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| fail(&error))?;
    if all.is_empty() { Err(fail(&"no certificate")) } else { Ok(all) }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use reqwest::{Method, Url};
    use rustls::server::Acceptor;

    use crate::config::Config;
    use crate::http::{Call, Client, Payer, Repeat};

    /// What the first client that comes says it speaks.
    fn spoken(listener: &TcpListener) -> Vec<Vec<u8>> {
        let (mut stream, _) = listener.accept().unwrap_or_else(|error| panic!("{error}"));
        let mut acceptor = Acceptor::default();
        loop {
            let read = acceptor.read_tls(&mut stream);
            assert!(read.is_ok_and(|bytes| bytes > 0), "the client says something");
            match acceptor.accept() {
                Ok(Some(accepted)) => {
                    let hello = accepted.client_hello();
                    return hello.alpn().into_iter().flatten().map(<[u8]>::to_vec).collect();
                }
                Ok(None) => {}
                Err((error, _)) => panic!("{error}"),
            }
        }
    }

    #[test]
    fn a_request_says_which_http_it_speaks() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
        let at = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        let server = std::thread::spawn(move || spoken(&listener));
        let config = format!("endpoints = {{ 'api.example.com' = 'https://{at}' }}\nhttp = {{ attempts = 1 }}");
        let config = Config::parse(&config).unwrap_or_else(|error| panic!("{error}"));
        let client = Client::new(&config, false).unwrap_or_else(|error| panic!("{error}"));
        let url = Url::parse("https://api.example.com/").unwrap_or_else(|error| panic!("{error}"));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.unwrap_or_else(|error| panic!("{error}"));
        let (call, payer) = (Call::new(Method::GET, url), Payer::default());
        assert!(runtime.block_on(client.send(&call, &payer, Repeat::Never)).is_err(), "nobody answered");
        let spoken = server.join().unwrap_or_else(|_| panic!("the server ends"));
        assert_eq!(spoken, [b"http/1.1"]);
    }
}
