//! Whether a signer's certificate is to be trusted.

use cms::cert::CertificateChoices;
use der::Encode as _;
use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};
use x509_cert::{Certificate, ext::pkix::KeyUsage};

use super::{SignatureError, subject};

/// Every purpose is fine: RFC 8520 knows none for those who sign files.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, _purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

/// Checks that a certificate may sign, and that its chain leads to what is trusted.
pub(super) fn check_chain(
    certificate: &Certificate,
    others: &[&CertificateChoices],
    anchors: &[CertificateDer<'_>],
    now: Timestamp,
) -> Result<(), SignatureError> {
    let subject = subject(certificate);
    let usage = certificate.tbs_certificate.get::<KeyUsage>();
    if !matches!(usage, Ok(Some((_, usage))) if usage.digital_signature()) {
        return Err(SignatureError::KeyUsage(subject));
    }
    let refused = |reason: String| SignatureError::Chain {
        subject: subject.clone(),
        reason,
    };
    let end = encoded(certificate)?;
    let between: Vec<_> = others
        .iter()
        .filter_map(|choice| match choice {
            CertificateChoices::Certificate(other) => encoded(other).ok(),
            CertificateChoices::Other(_) => None,
        })
        .collect();
    let trusted: Vec<_> = anchors
        .iter()
        .filter_map(|anchor| webpki::anchor_from_trusted_cert(anchor).ok())
        .collect();
    if trusted.is_empty() {
        return Err(SignatureError::NoAnchor);
    }
    let seconds = u64::try_from(now.as_second()).unwrap_or_default();
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    EndEntityCert::try_from(&end)
        .and_then(|end| {
            let path = end.verify_for_usage(
                webpki::ALL_VERIFICATION_ALGS,
                &trusted,
                &between,
                time,
                AnyPurpose,
                None,
                None,
            );
            path.map(|_path| ())
        })
        .map_err(|error| refused(said(&error)))
}

fn encoded(certificate: &Certificate) -> Result<CertificateDer<'static>, SignatureError> {
    let bytes = certificate.to_der();
    bytes
        .map(CertificateDer::from)
        .map_err(|error| SignatureError::Shape(error.to_string()))
}

/// What is wrong with a chain, in words for the cases that people meet.
fn said(error: &webpki::Error) -> String {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the others have words of their own, and more of them may come"
    )]
    let words = match error {
        webpki::Error::CertExpired { .. } => "it, or one above it, has expired",
        webpki::Error::CertNotValidYet { .. } => "it, or one above it, is not valid yet",
        webpki::Error::UnknownIssuer => "it leads to no certificate of the file of trusted ones",
        webpki::Error::CaUsedAsEndEntity => "it is a certification authority's own",
        webpki::Error::EndEntityUsedAsCa => "one above it is not that of a certification authority",
        other => return other.to_string(),
    };
    words.to_owned()
}
