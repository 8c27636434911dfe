//! Algorithms of signatures, by their numbers in CMS: those that are accepted, and what stands for them in the libraries.

use cms::cert::x509::spki::AlgorithmIdentifierOwned;
use rustls_pki_types::SignatureVerificationAlgorithm;
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use webpki::ring;

use super::SignatureError;

/// A digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Digest {
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    /// The digest of this number (RFC 5754).
    pub(super) fn of(algorithm: &AlgorithmIdentifierOwned) -> Result<Self, SignatureError> {
        match algorithm.oid.to_string().as_str() {
            "2.16.840.1.101.3.4.2.1" => Ok(Self::Sha256),
            "2.16.840.1.101.3.4.2.2" => Ok(Self::Sha384),
            "2.16.840.1.101.3.4.2.3" => Ok(Self::Sha512),
            other => Err(SignatureError::Algorithm(other.to_owned())),
        }
    }

    pub(super) fn bytes(self, of: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(of).to_vec(),
            Self::Sha384 => Sha384::digest(of).to_vec(),
            Self::Sha512 => Sha512::digest(of).to_vec(),
        }
    }
}

/// How a signature of this number may have been made: one of these, by the key.
pub(super) fn candidates(
    algorithm: &AlgorithmIdentifierOwned,
    digest: Digest,
) -> Result<Vec<&'static dyn SignatureVerificationAlgorithm>, SignatureError> {
    let number = algorithm.oid.to_string();
    Ok(match (number.as_str(), digest) {
        // rsaEncryption, which leaves the digest to the other field, and sha256WithRSAEncryption.
        ("1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.11", Digest::Sha256) => {
            vec![ring::RSA_PKCS1_2048_8192_SHA256]
        }
        ("1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.12", Digest::Sha384) => {
            vec![ring::RSA_PKCS1_2048_8192_SHA384]
        }
        ("1.2.840.113549.1.1.1" | "1.2.840.113549.1.1.13", Digest::Sha512) => {
            vec![ring::RSA_PKCS1_2048_8192_SHA512]
        }
        // RSASSA-PSS.
        ("1.2.840.113549.1.1.10", Digest::Sha256) => {
            vec![ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY]
        }
        ("1.2.840.113549.1.1.10", Digest::Sha384) => {
            vec![ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY]
        }
        ("1.2.840.113549.1.1.10", Digest::Sha512) => {
            vec![ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY]
        }
        // ecdsa-with-SHA256 and ecdsa-with-SHA384.
        ("1.2.840.10045.4.3.2", Digest::Sha256) => {
            vec![ring::ECDSA_P256_SHA256, ring::ECDSA_P384_SHA256]
        }
        ("1.2.840.10045.4.3.3", Digest::Sha384) => {
            vec![ring::ECDSA_P256_SHA384, ring::ECDSA_P384_SHA384]
        }
        // Ed25519, with SHA-512 (RFC 8419).
        ("1.3.101.112", Digest::Sha512) => vec![ring::ED25519],
        _ => return Err(SignatureError::Algorithm(number)),
    })
}
