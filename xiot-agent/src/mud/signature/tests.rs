//! Signatures by OpenSSL, and others that are made here to be wrong in one thing each.

use cms::{
    cert::IssuerAndSerialNumber,
    content_info::{CmsVersion, ContentInfo},
    signed_data::{
        CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo,
        SignerInfos,
    },
};
use const_oid::ObjectIdentifier;
use der::{
    Any, Decode as _, Encode as _,
    asn1::{OctetString, SetOfVec},
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SigningKey as _, date_time_ymd,
};
use sha2::{Digest as _, Sha256, Sha512};
use x509_cert::{attr::Attribute, spki::AlgorithmIdentifierOwned};

use super::*;

const FILE: &[u8] = include_bytes!("../../../tests/cli/fixtures/mud/pump.json");
const CA: &[u8] = include_bytes!("../../../tests/cli/fixtures/mud/ca.pem");
const OTHER_CA: &[u8] = include_bytes!("../../../tests/cli/fixtures/mud/other-ca.pem");
const BY_OPENSSL: [(&str, &[u8]); 5] = [
    (
        "RSA",
        include_bytes!("../../../tests/cli/fixtures/mud/pump.p7s"),
    ),
    (
        "RSA-PSS",
        include_bytes!("../../../tests/cli/fixtures/mud/pss.p7s"),
    ),
    (
        "P-384",
        include_bytes!("../../../tests/cli/fixtures/mud/p384.p7s"),
    ),
    (
        "no attributes",
        include_bytes!("../../../tests/cli/fixtures/mud/noattr.p7s"),
    ),
    (
        "file inside",
        include_bytes!("../../../tests/cli/fixtures/mud/inside.p7s"),
    ),
];

fn at(date: &str) -> Timestamp {
    format!("{date}T12:00:00Z").parse().unwrap()
}

#[test]
fn what_openssl_signed_counts() {
    let anchors = read_anchors(CA).unwrap();
    for (name, signature) in BY_OPENSSL {
        let signer = verify(FILE, signature, &anchors, at("2027-05-01"));
        let signer = signer.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(signer.subject, "CN=Vendor MUD files,O=Vendor");
        assert!(signer.until > at("2126-01-01"));
    }
}

#[test]
fn a_file_that_was_changed_does_not() {
    let anchors = read_anchors(CA).unwrap();
    let mut changed = FILE.to_vec();
    let place = changed.windows(4).position(|it| it == b"5684").unwrap();
    changed[place] = b'6';
    for (name, signature) in BY_OPENSSL {
        let error = verify(&changed, signature, &anchors, at("2027-05-01")).unwrap_err();
        let expected = match name {
            "file inside" => SignatureError::OtherContent,
            _ => SignatureError::OtherFile,
        };
        assert_eq!(error, expected, "{name}");
    }
}

#[test]
fn no_byte_of_a_signature_can_be_changed() {
    let anchors = read_anchors(CA).unwrap();
    let (_, signature) = BY_OPENSSL[2];
    let now = at("2027-05-01");
    let good = verify(FILE, signature, &anchors, now).unwrap();
    for place in (0..signature.len()).step_by(7) {
        let mut changed = signature.to_vec();
        changed[place] ^= 1;
        // What is not signed, such as versions, may be changed; who signed what may not.
        if let Ok(signer) = verify(FILE, &changed, &anchors, now) {
            assert_eq!(signer, good, "byte {place}");
        }
        drop(verify(FILE, &signature[..place], &anchors, now).unwrap_err());
    }
}

#[test]
fn others_roots_and_other_times_do_not_do() {
    let (_, signature) = BY_OPENSSL[0];
    let refused = |anchors: &[u8], now: &str| {
        let anchors = read_anchors(anchors).unwrap();
        let error = verify(FILE, signature, &anchors, at(now)).unwrap_err();
        error.to_string()
    };
    let whose = "the certificate of CN=Vendor MUD files,O=Vendor is not to be trusted: ";
    for (anchors, now, reason) in [
        (
            OTHER_CA,
            "2027-05-01",
            "it leads to no certificate of the file of trusted ones",
        ),
        (CA, "2127-05-01", "it, or one above it, has expired"),
        (CA, "2020-05-01", "it, or one above it, is not valid yet"),
    ] {
        assert_eq!(refused(anchors, now), format!("{whose}{reason}"));
    }
    assert_eq!(read_anchors(FILE), Err(SignatureError::NoAnchor));
    assert_eq!(read_anchors(b""), Err(SignatureError::NoAnchor));
    let both = [OTHER_CA, CA].concat();
    assert_eq!(read_anchors(&both).unwrap().len(), 2);
    let der = read_anchors(CA).unwrap().remove(0);
    assert_eq!(read_anchors(&der).unwrap(), std::slice::from_ref(&der));
}

#[test]
fn what_is_no_signature_says_so() {
    let anchors = read_anchors(CA).unwrap();
    for signature in [
        &b""[..],
        b"-----BEGIN CMS-----",
        FILE,
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
    ] {
        let error = verify(FILE, signature, &anchors, at("2027-05-01")).unwrap_err();
        assert!(matches!(error, SignatureError::Shape(_)), "{error}");
    }
}

/// A root, and what a signer below it is made of.
struct Maker {
    anchors: Vec<CertificateDer<'static>>,
    issuer: Issuer<'static, KeyPair>,
}

/// A signature that is right, to be made wrong.
struct Draft {
    key: KeyPair,
    certificate: Certificate,
    signed: SignedData,
}

fn named(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    params
}

impl Maker {
    fn new() -> Self {
        let mut params = named("root");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        Self {
            anchors: vec![root.der().clone()],
            issuer: Issuer::new(params, key),
        }
    }

    fn draft(&self, key: KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Draft {
        let mut params = named("signer");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let certificate = Certificate::from_der(certificate.der()).unwrap();
        let body = &certificate.tbs_certificate;
        let (digest, algorithm) = if key.algorithm() == &rcgen::PKCS_ED25519 {
            ("2.16.840.1.101.3.4.2.3", "1.3.101.112")
        } else {
            ("2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2")
        };
        let signer = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
                issuer: body.issuer.clone(),
                serial_number: body.serial_number.clone(),
            }),
            digest_alg: algorithm_of(digest),
            signed_attrs: None,
            signature_algorithm: algorithm_of(algorithm),
            signature: OctetString::new([]).unwrap(),
            unsigned_attrs: None,
        };
        let set = vec![cms::cert::CertificateChoices::Certificate(
            certificate.clone(),
        )];
        Draft {
            key,
            signed: SignedData {
                version: CmsVersion::V1,
                digest_algorithms: SetOfVec::try_from(vec![signer.digest_alg.clone()]).unwrap(),
                encap_content_info: EncapsulatedContentInfo {
                    econtent_type: ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1"),
                    econtent: None,
                },
                certificates: Some(CertificateSet::try_from(set).unwrap()),
                crls: None,
                signer_infos: SignerInfos::try_from(vec![signer]).unwrap(),
            },
            certificate,
        }
    }

    fn verify(&self, signed: &SignedData) -> Result<Signer, SignatureError> {
        let content = ContentInfo {
            content_type: ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2"),
            content: Any::encode_from(signed).unwrap(),
        };
        verify(
            FILE,
            &content.to_der().unwrap(),
            &self.anchors,
            at("2027-05-01"),
        )
    }
}

impl Draft {
    /// Signs the file, with these attributes beside it.
    fn sign(&self, attributes: &[(&str, Any)], change: impl FnOnce(&mut SignerInfo)) -> SignedData {
        let mut signed = self.signed.clone();
        let mut signer = signed.signer_infos.0.get(0).unwrap().clone();
        let attributes = attributes.iter().map(|(oid, value)| Attribute {
            oid: ObjectIdentifier::new_unwrap(oid),
            values: SetOfVec::try_from(vec![value.clone()]).unwrap(),
        });
        let attributes = SetOfVec::try_from(attributes.collect::<Vec<_>>()).unwrap();
        let message = if attributes.is_empty() {
            FILE.to_vec()
        } else {
            attributes.to_der().unwrap()
        };
        signer.signed_attrs = Some(attributes).filter(|it| !it.is_empty());
        signer.signature = OctetString::new(self.key.sign(&message).unwrap()).unwrap();
        change(&mut signer);
        signed.signer_infos = SignerInfos::try_from(vec![signer]).unwrap();
        signed
    }
}

fn algorithm_of(number: &str) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: ObjectIdentifier::new_unwrap(number),
        parameters: None,
    }
}

/// The two attributes that there must be.
fn attributes(content: &str, digest: &[u8]) -> Vec<(&'static str, Any)> {
    let content = ObjectIdentifier::new_unwrap(content);
    let digest = OctetString::new(digest).unwrap();
    vec![
        ("1.2.840.113549.1.9.3", Any::encode_from(&content).unwrap()),
        ("1.2.840.113549.1.9.4", Any::encode_from(&digest).unwrap()),
    ]
}

const DATA: &str = "1.2.840.113549.1.7.1";

fn right() -> Vec<(&'static str, Any)> {
    attributes(DATA, &Sha256::digest(FILE))
}

fn key() -> KeyPair {
    KeyPair::generate().unwrap()
}

#[test]
fn what_is_made_here_counts_as_long_as_it_is_right() {
    let maker = Maker::new();
    let draft = maker.draft(key(), |_| {});
    assert_eq!(
        maker.verify(&draft.sign(&right(), |_| {})).unwrap().subject,
        "CN=signer"
    );
    maker.verify(&draft.sign(&[], |_| {})).unwrap();
    let purpose = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    };
    let draft = maker.draft(key(), purpose);
    maker.verify(&draft.sign(&right(), |_| {})).unwrap();
    let draft = maker.draft(KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap(), |_| {});
    let digest = attributes(DATA, &Sha512::digest(FILE));
    maker.verify(&draft.sign(&digest, |_| {})).unwrap();
}

#[test]
fn certificates_that_may_not_sign_do_not() {
    let maker = Maker::new();
    let refused = |change: fn(&mut CertificateParams)| {
        let draft = maker.draft(key(), change);
        let error = maker.verify(&draft.sign(&right(), |_| {})).unwrap_err();
        error.to_string()
    };
    let usage = "the certificate of CN=signer is not for signing: it has no key usage `digitalSignature`, which RFC 8520 (13.2) wants";
    assert_eq!(refused(|it| it.key_usages.clear()), usage);
    assert_eq!(
        refused(|it| it.key_usages = vec![KeyUsagePurpose::KeyEncipherment]),
        usage
    );
    assert_eq!(
        refused(|it| it.not_after = date_time_ymd(2027, 1, 1)),
        "the certificate of CN=signer is not to be trusted: it, or one above it, has expired"
    );
    assert_eq!(
        refused(|it| it.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)),
        "the certificate of CN=signer is not to be trusted: it is a certification authority's own"
    );
}

#[test]
fn what_is_wrong_with_a_signature_is_told() {
    let maker = Maker::new();
    let draft = maker.draft(key(), |_| {});
    let check = |signed: SignedData, expected: SignatureError| {
        assert_eq!(maker.verify(&signed), Err(expected));
    };
    let other_key = SignatureError::OtherKey("CN=signer".to_owned());
    let digest = Sha256::digest(FILE);
    check(
        draft.sign(&attributes(DATA, &Sha256::digest(b"x")), |_| {}),
        SignatureError::OtherFile,
    );
    check(
        draft.sign(&attributes("1.2.840.113549.1.9.16.1.41", &digest), |_| {}),
        SignatureError::Attributes,
    );
    check(
        draft.sign(&right()[..1], |_| {}),
        SignatureError::Attributes,
    );
    check(
        draft.sign(&right()[1..], |_| {}),
        SignatureError::Attributes,
    );
    check(
        draft.sign(&right(), |it| {
            it.signature = OctetString::new([1, 2]).unwrap()
        }),
        other_key.clone(),
    );
    let other = maker.draft(key(), |_| {});
    let mut mixed = other.sign(&right(), |it| {
        it.sid = draft.signed.signer_infos.0.get(0).unwrap().sid.clone();
    });
    mixed.certificates.clone_from(&draft.signed.certificates);
    check(mixed, other_key);
    let algorithm = |number: &str| SignatureError::Algorithm(number.to_owned());
    check(
        draft.sign(&right(), |it| it.digest_alg = algorithm_of("1.3.14.3.2.26")),
        algorithm("1.3.14.3.2.26"),
    );
    check(
        draft.sign(&right(), |it| {
            it.signature_algorithm = algorithm_of("1.2.840.113549.1.1.5")
        }),
        algorithm("1.2.840.113549.1.1.5"),
    );
    let mut nobody = draft.sign(&right(), |_| {});
    nobody.signer_infos = SignerInfos::try_from(vec![]).unwrap();
    check(nobody, SignatureError::NoSigner);
    let mut bare = draft.sign(&right(), |_| {});
    bare.certificates = None;
    check(bare, SignatureError::NoCertificate);
    // Attributes are no file: without them, only data can be signed.
    let mut kind = draft.sign(&[], |_| {});
    kind.encap_content_info.econtent_type =
        ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.41");
    check(kind, SignatureError::Attributes);
    assert_eq!(subject(&draft.certificate), "CN=signer");
}
