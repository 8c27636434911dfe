//! What a CMS signature says: who signed what, and whether that is this file (RFC 5652, 5).

use cms::{
    cert::CertificateChoices,
    content_info::ContentInfo,
    signed_data::{SignedData, SignerIdentifier, SignerInfo},
};
use const_oid::ObjectIdentifier;
use der::{Decode as _, Encode as _, asn1::OctetString};
use rustls_pki_types::CertificateDer;
use webpki::EndEntityCert;
use x509_cert::{Certificate, ext::pkix::SubjectKeyIdentifier};

use super::{
    SignatureError,
    algorithm::{Digest, candidates},
    subject,
};

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// A signature as it was read.
pub(super) struct Signed(SignedData);

impl Signed {
    /// Reads one that is of this file as far as it says itself.
    pub(super) fn parse(signature: &[u8], file: &[u8]) -> Result<Self, SignatureError> {
        let outer = ContentInfo::from_der(signature).map_err(|error| shape(&error))?;
        if outer.content_type != SIGNED_DATA {
            let number = outer.content_type;
            return Err(SignatureError::Shape(format!("it is of type {number}")));
        }
        let inner: SignedData = outer.content.decode_as().map_err(|error| shape(&error))?;
        if let Some(content) = &inner.encap_content_info.econtent {
            let own: OctetString = content.decode_as().map_err(|error| shape(&error))?;
            if own.as_bytes() != file {
                return Err(SignatureError::OtherContent);
            }
        }
        Ok(Self(inner))
    }

    /// Those who signed.
    pub(super) fn signers(&self) -> impl Iterator<Item = &SignerInfo> {
        self.0.signer_infos.0.iter()
    }

    /// The certificates that came with it.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &CertificateChoices> {
        self.0.certificates.iter().flat_map(|set| set.0.iter())
    }

    /// The certificate of one who signed.
    pub(super) fn certificate_of(
        &self,
        signer: &SignerInfo,
    ) -> Result<&Certificate, SignatureError> {
        let mut certificates = self.certificates().filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate),
            CertificateChoices::Other(_) => None,
        });
        certificates
            .find(|certificate| is_of(&signer.sid, certificate))
            .ok_or(SignatureError::NoCertificate)
    }

    /// Checks that the key of this certificate signed this file.
    pub(super) fn check(
        &self,
        signer: &SignerInfo,
        certificate: &Certificate,
        file: &[u8],
    ) -> Result<(), SignatureError> {
        let digest = Digest::of(&signer.digest_alg)?;
        let message = self.message(signer, digest, file)?;
        let der = certificate.to_der().map_err(|error| shape(&error))?;
        let der = CertificateDer::from(der);
        let key = EndEntityCert::try_from(&der).map_err(|error| SignatureError::Chain {
            subject: subject(certificate),
            reason: error.to_string(),
        })?;
        let signature = signer.signature.as_bytes();
        let made = candidates(&signer.signature_algorithm, digest)?
            .into_iter()
            .any(|algorithm| key.verify_signature(algorithm, &message, signature).is_ok());
        match (made, &signer.signed_attrs) {
            (true, _) => Ok(()),
            (false, Some(_)) => Err(SignatureError::OtherKey(subject(certificate))),
            // Nothing tells a changed file from another key here.
            (false, None) => Err(SignatureError::OtherFile),
        }
    }

    /// What the signature is over: the file, or attributes that have its digest (RFC 5652, 5.4).
    fn message(
        &self,
        signer: &SignerInfo,
        digest: Digest,
        file: &[u8],
    ) -> Result<Vec<u8>, SignatureError> {
        let kind = self.0.encap_content_info.econtent_type;
        let Some(attributes) = &signer.signed_attrs else {
            // Attributes could be passed off as a file otherwise.
            return if kind == DATA {
                Ok(file.to_vec())
            } else {
                Err(SignatureError::Attributes)
            };
        };
        let one = |number: ObjectIdentifier| {
            let mut found = attributes.iter().filter(|it| it.oid == number);
            match (found.next(), found.next()) {
                (Some(attribute), None) if attribute.values.len() == 1 => {
                    attribute.values.get(0).ok_or(SignatureError::Attributes)
                }
                _ => Err(SignatureError::Attributes),
            }
        };
        let said: ObjectIdentifier = one(CONTENT_TYPE)?
            .decode_as()
            .map_err(|_not_an_oid: der::Error| SignatureError::Attributes)?;
        if said != kind {
            return Err(SignatureError::Attributes);
        }
        let said: OctetString = one(MESSAGE_DIGEST)?
            .decode_as()
            .map_err(|_not_bytes: der::Error| SignatureError::Attributes)?;
        if said.as_bytes() != digest.bytes(file) {
            return Err(SignatureError::OtherFile);
        }
        attributes.to_der().map_err(|error| shape(&error))
    }
}

/// Whether a certificate is the one that is meant.
fn is_of(signer: &SignerIdentifier, certificate: &Certificate) -> bool {
    let body = &certificate.tbs_certificate;
    match signer {
        SignerIdentifier::IssuerAndSerialNumber(id) => {
            id.issuer == body.issuer && id.serial_number == body.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            matches!(body.get::<SubjectKeyIdentifier>(), Ok(Some((_, own))) if own == *id)
        }
    }
}

fn shape(error: &der::Error) -> SignatureError {
    SignatureError::Shape(error.to_string())
}
