//! The server's certificate, which is read again when its files change.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use zeroize::Zeroizing;

use crate::config::TlsFiles;

/// How often the files are looked at.
const POLL: Duration = Duration::from_secs(5);

/// Why a certificate is of no use.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{0}`: {1}")]
    File(PathBuf, io::Error),
    /// A file is no PEM, or holds something else.
    #[error("`{0}` holds no {1} in PEM")]
    Malformed(PathBuf, &'static str),
    /// Certificate and key do not belong together, or are of a kind that is not used.
    #[error("the certificate and its key: {0}")]
    Unfit(#[from] rustls::Error),
}

/// What takes connections by TLS.
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    shown: Arc<Shown>,
    files: TlsFiles,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").field("files", &self.files).finish_non_exhaustive()
    }
}

/// The certificate that is shown now.
#[derive(Debug)]
struct Shown(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// Reads the files.
    pub(super) fn load(files: &TlsFiles) -> Result<Self, TlsError> {
        let shown = Arc::new(Shown(RwLock::new(Arc::new(read(files)?))));
        let provider = Arc::new(ring::default_provider());
        let builder = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let mut config = builder.with_no_client_auth().with_cert_resolver(Arc::<Shown>::clone(&shown));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), shown, files: files.clone() })
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        self.acceptor.accept(stream).await
    }

    /// Reads the files again whenever they change, until the server stops. What cannot be read leaves what was there.
    pub(super) async fn keep_current(self: Arc<Self>, mut told: watch::Receiver<bool>) {
        let mut known = self.stamp();
        loop {
            tokio::select! {
                () = super::stopped(&mut told) => return,
                () = tokio::time::sleep(POLL) => {}
            }
            let stamp = self.stamp();
            if stamp == known {
                continue;
            }
            match read(&self.files) {
                Ok(key) => {
                    *self.shown.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(key);
                    known = stamp;
                    tracing::info!("the certificate was read again");
                }
                // It may be half written; it is tried again.
                Err(error) => tracing::warn!(%error, "the new certificate is not used"),
            }
        }
    }

    fn stamp(&self) -> [Option<(SystemTime, u64)>; 2] {
        let of = |path: &Path| fs::metadata(path).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        [of(&self.files.certificate), of(&self.files.key)]
    }
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, TlsError> {
    let chain = pem_of(&files.certificate, "certificate", |text| {
        CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>()
    })?;
    if chain.is_empty() {
        return Err(TlsError::Malformed(files.certificate.clone(), "certificate"));
    }
    let key = pem_of(&files.key, "private key", PrivateKeyDer::from_pem_slice)?;
    Ok(CertifiedKey::from_der(chain, key, &ring::default_provider())?)
}

fn pem_of<T>(
    path: &Path,
    what: &'static str,
    parse: impl FnOnce(&[u8]) -> Result<T, pem::Error>,
) -> Result<T, TlsError> {
    let text = fs::read(path).map(Zeroizing::new).map_err(|error| TlsError::File(path.to_owned(), error))?;
    // The library's error may quote the file.
    parse(&text).map_err(|_| TlsError::Malformed(path.to_owned(), what))
}
