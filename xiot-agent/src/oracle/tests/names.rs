//! Answers of DNS servers as bytes.

use crate::oracle::{answer::Answer, fragment::Fragment, frame::Transport};

const FROM_SERVER: Transport = Transport::Udp {
    source: 53,
    destination: 4000,
};

/// A UDP header before this message.
fn datagram(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + message.len()).expect("a short message");
    let mut bytes = vec![0, 53, 0x0f, 0xa0];
    bytes.extend(length.to_be_bytes());
    bytes.extend([0, 0]);
    bytes.extend(message);
    bytes
}

const MESSAGE: &[u8] = b"\x12\x34\x81\x80\0\x01\0\x02\0\0\0\0\x02eX\x03com\0\0\x01\0\x01\
\xc0\x0c\0\x05\0\x01\0\0\0\x3c\0\x02\xc0\x0c\xc0\x0c\0\x01\0\x01\0\0\x0e\x10\0\x04\xc0\0\x02\x07";

#[test]
fn an_answer_is_its_question_and_the_addresses_behind_it() {
    let answer = Answer::of(Fragment::No, FROM_SERVER, &datagram(MESSAGE)).expect("an answer");
    assert_eq!(answer.name, [b"ex".to_vec(), b"com".to_vec()]);
    assert_eq!(
        answer.addresses,
        [("192.0.2.7".parse().expect("an address"), 3600)]
    );
}

#[test]
fn it_is_from_port_53_and_whole() {
    let other = Transport::Udp {
        source: 54,
        destination: 53,
    };
    assert_eq!(Answer::of(Fragment::No, other, &datagram(MESSAGE)), None);
    let mut long = datagram(MESSAGE);
    long[5] += 1;
    assert_eq!(Answer::of(Fragment::No, FROM_SERVER, &long), None);
    for length in 0..MESSAGE.len() {
        let cut = Answer::of(Fragment::No, FROM_SERVER, &datagram(&MESSAGE[..length]));
        assert!(cut.is_none_or(|answer| answer.addresses.is_empty()));
    }
}
