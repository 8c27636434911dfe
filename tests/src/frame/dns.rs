//! What DNS servers answer, in bytes.

use std::net::IpAddr;

/// A message of so many questions and answers, with the flags of an answer.
pub fn header(questions: u16, answers: u16) -> Vec<u8> {
    let mut message = vec![0x12, 0x34, 0x81, 0x80];
    message.extend(questions.to_be_bytes());
    message.extend(answers.to_be_bytes());
    message.extend([0; 4]);
    message
}

/// A name, uncompressed.
///
/// # Panics
/// Where a label is longer than its length can say.
pub fn name(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in text.split('.') {
        bytes.push(u8::try_from(label.len()).expect("a label's length"));
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// A pointer to the question's name.
pub const ASKED: [u8; 2] = [0xc0, 12];

/// A question for addresses of this name.
pub fn question(text: &str) -> Vec<u8> {
    [&name(text)[..], &[0, 1, 0, 1]].concat()
}

/// A record of this owner, class IN.
///
/// # Panics
/// Where the data is too long to be a record's.
pub fn record(owner: &[u8], kind: u16, ttl: u32, data: &[u8]) -> Vec<u8> {
    let mut record = owner.to_vec();
    record.extend(kind.to_be_bytes());
    record.extend([0, 1]);
    record.extend(ttl.to_be_bytes());
    record.extend(
        u16::try_from(data.len())
            .expect("a record's length")
            .to_be_bytes(),
    );
    record.extend(data);
    record
}

/// An A or AAAA record of this owner.
pub fn address(owner: &[u8], ttl: u32, address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(v4) => record(owner, 1, ttl, &v4.octets()),
        IpAddr::V6(v6) => record(owner, 28, ttl, &v6.octets()),
    }
}

/// The answer to a question for this name: these addresses, for a minute.
///
/// # Panics
/// Where they are more than a header can count.
pub fn answer(text: &str, addresses: &[IpAddr]) -> Vec<u8> {
    let count = u16::try_from(addresses.len()).expect("few addresses");
    let mut message = header(1, count);
    message.extend(question(text));
    for it in addresses {
        message.extend(address(&ASKED, 60, *it));
    }
    message
}
