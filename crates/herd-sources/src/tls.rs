//! Whom to trust: the system's roots, Mozilla's where there are none, and the certificates of `--cacert`, be they an issuer's or the
//! server's own.

use std::path::Path;
use std::sync::Arc;

use reqwest::ClientBuilder;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::http::bad_option;
use crate::{Endpoint, Options, SourceError};

/// Sets up TLS. Roots are read only when it is spoken, so that a machine without any can still ask over http.
pub(crate) fn trusting(builder: ClientBuilder, endpoint: &Endpoint, options: &Options) -> Result<ClientBuilder, SourceError> {
    // Another part of the program may have installed one already; either will do.
    let _already_there = ring::default_provider().install_default();
    let own = options.ca_file.as_deref().map_or_else(|| Ok(Vec::new()), certificates)?;
    if options.insecure_tls {
        return Ok(builder.tls_certs_only([]).tls_danger_accept_invalid_certs(true));
    }
    let spoken =
        endpoint.origin.scheme() == "https" || options.proxy.as_deref().is_some_and(is_https) || environment_proxy_is_https();
    if !spoken {
        return Ok(builder.tls_certs_only([]));
    }
    let config = configuration(own).map_err(|error| bad_option("--cacert", &error.to_string()))?;
    Ok(builder.tls_backend_preconfigured(config))
}

/// TLS of a client that trusts the system's roots, and these.
pub(crate) fn configuration(own: Vec<CertificateDer<'static>>) -> Result<ClientConfig, rustls::Error> {
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        roots.add_parsable_certificates(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
    }
    for certificate in &own {
        roots.add(certificate.clone())?;
    }
    let by_issuer = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone()).build();
    let by_issuer = by_issuer.map_err(|error| rustls::Error::General(error.to_string()))?;
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let verifier = Arc::new(IssuerOrOwn { by_issuer, own });
    Ok(config.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, SourceError> {
    let unusable = |why: String| bad_option("--cacert", &format!("{}: {why}", path.display()));
    let pem = std::fs::read(path).map_err(|error| unusable(error.to_string()))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|error| unusable(error.to_string()))?;
    if certificates.is_empty() { Err(unusable("it holds no PEM certificate".to_owned())) } else { Ok(certificates) }
}

fn is_https(proxy: &str) -> bool {
    proxy.starts_with("https:")
}

fn environment_proxy_is_https() -> bool {
    ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .iter()
        .any(|name| std::env::var(name).is_ok_and(|proxy| is_https(&proxy)))
}

/// Besides the usual path to a root it takes a certificate the user named, for the names in it: Go services often serve a self-signed
/// certificate that is marked as an authority, and a path may not end in one.
#[derive(Debug)]
struct IssuerOrOwn {
    by_issuer: Arc<WebPkiServerVerifier>,
    own: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for IssuerOrOwn {
    fn verify_server_cert(
        &self,
        server: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.by_issuer.verify_server_cert(server, intermediates, name, ocsp_response, now);
        if verified.is_err() && self.own.iter().any(|own| own == server) {
            rustls::client::verify_server_name(&ParsedCertificate::try_from(server)?, name)?;
            return Ok(ServerCertVerified::assertion());
        }
        verified
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.by_issuer.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.by_issuer.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.by_issuer.supported_verify_schemes()
    }
}
