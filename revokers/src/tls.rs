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
        Some(path) => Arc::new(verifier(authorities(path)?, &provider)?),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(config)
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
