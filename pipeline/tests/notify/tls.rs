//! Mail over TLS, with an authority of one's own.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use stanch_pipeline::notify::{Occasion, Sent, Unsent};

use crate::bench::{config, tell};
use crate::mailbox::Mailbox;

fn openssl(folder: &Path, arguments: &str) {
    let run = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(folder)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let status = run.unwrap_or_else(|error| panic!("openssl does not start, install it: {error}"));
    assert!(status.success(), "openssl {arguments}");
}

/// A server's configuration, made up now, whose authority stands in `ca.pem`.
fn server(folder: &Path) -> Arc<ServerConfig> {
    const KEY: &str = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap_or_else(|error| panic!("{error}"));
    openssl(folder, &format!("req -x509 {KEY} -keyout ca.key -out ca.pem -subj /CN=authority -days 2"));
    openssl(folder, &format!("req {KEY} -keyout server.key -out server.csr -subj /CN=mail"));
    openssl(
        folder,
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
    let certificate =
        CertificateDer::from_pem_file(folder.join("server.pem")).unwrap_or_else(|error| panic!("{error}"));
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap_or_else(|error| panic!("{error}"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![certificate], key));
    Arc::new(config.unwrap_or_else(|error| panic!("{error}")))
}

fn mail(server: &Mailbox, tls: &str, ca: Option<&Path>) -> Result<Sent, Unsent> {
    let section = server.section("to = ['sec@example.com']\nuser = 'u'\npassword = { env = 'PW' }");
    let text = config("mail.a", "http://127.0.0.1:1", &section.replace("'none'", &format!("'{tls}'")));
    let ca = ca.map_or("[http]\n".to_owned(), |path| format!("[http]\nca = '{}'\n", path.display()));
    tell(&text.replace("[http]\n", &ca), Occasion::Detected)
}

#[test]
fn a_letter_goes_over_tls_to_a_server_of_a_known_authority_only() {
    let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    let config = server(folder.path());
    for (tls, implicit) in [("implicit", true), ("starttls", false)] {
        let server = Mailbox::with_tls(Arc::clone(&config), implicit);
        let unknown = mail(&server, tls, None);
        assert!(matches!(unknown, Err(Unsent::Failed { .. } | Unsent::Retry { .. })), "{tls}: {unknown:?}");
        assert!(!server.said().contains("AUTH"), "{tls}: {}", server.said());
        assert_eq!(mail(&server, tls, Some(&folder.path().join("ca.pem"))), Ok(Sent::Told), "{tls}");
        assert_eq!(server.letter().recipients, ["sec@example.com"], "{tls}");
    }
}
