//! Signatures of MUD files (RFC 8520, 13): who answers for what a file says.
//!
//! A signature is a file of its own, a detached CMS in DER (RFC 5652). It counts if the signer's certificate has the key usage `digitalSignature`, if its chain
//! leads to a certificate that the caller trusts, at this time, and if it is over these very bytes. What else the certificate is for
//! plays no part: makers have no purpose of their own for it. Whether it was revoked is not asked, since nothing here asks a network.

mod algorithm;
mod chain;
mod signed;

use jiff::Timestamp;
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use x509_cert::Certificate;

use self::{chain::check_chain, signed::Signed};

/// Largest signature that is read: certificates of a chain and a few hundred bytes.
pub const MAX_BYTES: u64 = 256 * 1024;

/// Who signed a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signer {
    /// Subject of the certificate (RFC 4514).
    pub subject: String,
    /// The end of its validity.
    pub until: Timestamp,
}

/// Why a signature does not count.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum SignatureError {
    /// No CMS.
    #[error(
        "it is not a CMS signature in DER (RFC 5652), as `openssl cms -sign -binary -outform DER` makes it: {0}"
    )]
    Shape(String),
    /// It says what it signs, and that is something else.
    #[error("it has a file of its own in it, and that is another one")]
    OtherContent,
    /// Nobody signed.
    #[error("nobody signed: there is no signer in it")]
    NoSigner,
    /// The certificate of the signer is not there.
    #[error("the certificate of the signer is not in it")]
    NoCertificate,
    /// A digest or signature that is too weak, or not known.
    #[error(
        "algorithm {0} is not accepted: RSA of 2048 bits or more, ECDSA on P-256 or P-384 and Ed25519 are, with SHA-256, SHA-384 or SHA-512"
    )]
    Algorithm(String),
    /// The file is not the one that was signed.
    #[error(
        "the file is not the one that was signed: it was changed, or the signature is of another"
    )]
    OtherFile,
    /// What is signed beside the file is not as it must be.
    #[error("what is signed beside the file is not as RFC 5652 wants it")]
    Attributes,
    /// The key of the certificate did not make it.
    #[error("it was not made with the key of the certificate of {0}")]
    OtherKey(String),
    /// The certificate may not sign.
    #[error(
        "the certificate of {0} is not for signing: it has no key usage `digitalSignature`, which RFC 8520 (13.2) wants"
    )]
    KeyUsage(String),
    /// No chain to what is trusted.
    #[error("the certificate of {subject} is not to be trusted: {reason}")]
    Chain {
        /// Whose certificate.
        subject: String,
        /// Why not.
        reason: String,
    },
    /// No certificate to trust.
    #[error("the file of trusted certificates has none: it is PEM, or one certificate in DER")]
    NoAnchor,
}

/// Certificates that are trusted, PEM or a single one in DER.
pub fn read_anchors(bytes: &[u8]) -> Result<Vec<CertificateDer<'static>>, SignatureError> {
    let pem: Vec<_> = CertificateDer::pem_slice_iter(bytes)
        .collect::<Result<_, _>>()
        .unwrap_or_default();
    if !pem.is_empty() {
        return Ok(pem);
    }
    let der = CertificateDer::from(bytes.to_vec());
    match webpki::anchor_from_trusted_cert(&der) {
        Ok(_) => Ok(vec![der]),
        Err(_) => Err(SignatureError::NoAnchor),
    }
}

/// Checks a signature over the bytes of a file, at this time. Of several signers, all must have signed as they should; the first is named.
pub fn verify(
    file: &[u8],
    signature: &[u8],
    anchors: &[CertificateDer<'_>],
    now: Timestamp,
) -> Result<Signer, SignatureError> {
    let signed = Signed::parse(signature, file)?;
    let others: Vec<_> = signed.certificates().collect();
    let mut first = None;
    for signer in signed.signers() {
        let certificate = signed.certificate_of(signer)?;
        signed.check(signer, certificate, file)?;
        check_chain(certificate, &others, anchors, now)?;
        if first.is_none() {
            first = Some(described(certificate)?);
        }
    }
    first.ok_or(SignatureError::NoSigner)
}

fn described(certificate: &Certificate) -> Result<Signer, SignatureError> {
    let body = &certificate.tbs_certificate;
    let until = body.validity.not_after.to_unix_duration().as_secs();
    let until = i64::try_from(until).ok();
    let until = until.and_then(|second| Timestamp::from_second(second).ok());
    Ok(Signer {
        subject: body.subject.to_string(),
        until: until.ok_or_else(|| SignatureError::Shape("a date beyond all dates".to_owned()))?,
    })
}

/// Whose certificate, in messages.
fn subject(certificate: &Certificate) -> String {
    certificate.tbs_certificate.subject.to_string()
}

#[cfg(test)]
mod tests;
