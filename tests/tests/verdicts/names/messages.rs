//! What a message has to be like to teach anything.

use xiot_tests::frame::dns::{ASKED, address, answer, header, name, question, record};

use super::{CLOUD, THERE, asks, ip, misses, named, reaches, says};
use crate::case::Case;
use xiot_common::reason::Reason::NoPeer;

pub(super) fn cases() -> Vec<Case> {
    [headers(), records()].concat()
}

/// What a message says, and whether it teaches that `cloud.example` has [`THERE`].
fn message(name: &'static str, bytes: &[u8], teaches: bool) -> Case {
    let then = if teaches {
        reaches(THERE)
    } else {
        misses(THERE, 443, NoPeer)
    };
    named(name, [asks(5353), says(5353, bytes), then])
}

fn headers() -> Vec<Case> {
    let good = || answer(CLOUD, &[ip(THERE)]);
    let with = |at: usize, value: u8| {
        let mut bytes = good();
        bytes[at] = value;
        bytes
    };
    let of = |parts: &[&[u8]]| parts.concat();
    let here = address(&ASKED, 60, ip(THERE));
    let asked = question(CLOUD);
    let dotted = [&[13][..], b"cloud.example", &[0, 0, 1, 0, 1]].concat();
    let long = vec![1_u8; 254];
    vec![
        message("a query is no answer", &with(2, 0x01), false),
        message("nor is a notification", &with(2, 0xa1), false),
        message("nor one with an error", &with(3, 0x83), false),
        message("a truncated one is", &with(2, 0x83), true),
        message(
            "two questions are none",
            &of(&[&header(2, 1), &asked, &asked, &here]),
            false,
        ),
        message("no question neither", &of(&[&header(0, 1), &here]), false),
        message(
            "another class than IN is another name",
            &of(&[&header(1, 1), &name(CLOUD), &[0, 1, 0, 3], &here]),
            false,
        ),
        message(
            "the kind of records that was asked for does not matter",
            &of(&[&header(1, 1), &name(CLOUD), &[0, 65, 0, 1], &here]),
            true,
        ),
        message(
            "a question's name that is a pointer cannot be read",
            &of(&[&header(1, 1), &ASKED, &[0, 1, 0, 1], &here]),
            false,
        ),
        message(
            "a dot within a label is no end of a label",
            &of(&[&header(1, 1), &dotted, &here]),
            false,
        ),
        message(
            "a question's name that does not end cannot be read",
            &of(&[&header(1, 1), &long, &here]),
            false,
        ),
    ]
}

fn records() -> Vec<Case> {
    let good = || answer(CLOUD, &[ip(THERE)]);
    let of = |parts: &[&[u8]]| parts.concat();
    let here = address(&ASKED, 60, ip(THERE));
    let asked = question(CLOUD);
    let record_of = |owner: &[u8]| of(&[&header(1, 1), &asked, &address(owner, 60, ip(THERE))]);
    let many = |before: u16| {
        let mut bytes = of(&[&header(1, before + 1), &asked]);
        for n in 0..before {
            bytes.extend(record(&ASKED, 16, 60, &n.to_be_bytes()));
        }
        bytes.extend(&here);
        bytes
    };
    vec![
        message("a message may end anywhere", &good()[..20], false),
        message("in its header too", &good()[..11], false),
        message("within an address", &good()[..good().len() - 1], false),
        message("a pointer is not followed", &record_of(&[0xc0, 255]), true),
        message("into itself neither", &record_of(&[0xff, 0xff]), true),
        message(
            "a label that is neither is the end",
            &record_of(&[0x40, 0]),
            false,
        ),
        message(
            "the owner of a record may have as many labels as there are",
            &record_of(&of(&[&[1, b'a'].repeat(127), &[0]])),
            true,
        ),
        message(
            "and no more",
            &record_of(&of(&[&[1, b'a'].repeat(128), &[0]])),
            false,
        ),
        message("thirty-two records are read", &many(31), true),
        message("and no more than these", &many(32), false),
        message(
            "an address of another length is none, and what follows counts",
            &of(&[
                &header(1, 2),
                &asked,
                &record(&ASKED, 1, 60, &[192, 0, 2, 7, 0]),
                &here,
            ]),
            true,
        ),
        message(
            "a record that reaches beyond the message is the end",
            &of(&[
                &header(1, 2),
                &asked,
                &[0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60, 0xff, 0xff],
                &here,
            ]),
            false,
        ),
        message(
            "an IPv4 address in IPv6 notation is no address",
            &of(&[
                &header(1, 1),
                &asked,
                &record(
                    &ASKED,
                    28,
                    60,
                    &[&[0; 10][..], &[0xff; 2], &[192, 0, 2, 7]].concat(),
                ),
            ]),
            false,
        ),
        message(
            "what a record is of another class does not count",
            &of(&[
                &header(1, 1),
                &asked,
                &[0xc0, 12, 0, 1, 0, 4, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7],
            ]),
            false,
        ),
    ]
}
