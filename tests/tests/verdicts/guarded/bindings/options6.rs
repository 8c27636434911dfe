//! Options of a lease of `DHCPv6`. The pump has a listed address: what else it has is leased to it.

use xiot_common::reason::Reason::AllowedService;
use xiot_tests::{
    frame::lease::{address6, association6, option6},
    ward::PUMP,
};

use super::{
    replied::{LEASED, has, has_not, with},
    strict, uses, v6,
};
use crate::case::Case;

pub(super) fn cases() -> Vec<Case> {
    [ends(), associations(), addresses()].concat()
}

fn other(length: usize) -> Vec<u8> {
    option6(13, &vec![0; length])
}

fn address() -> Vec<u8> {
    address6(v6(LEASED), 60)
}

/// Options in an option of this code, behind so many bytes.
fn behind(code: u16, fixed: usize) -> Vec<u8> {
    option6(code, &[vec![0; fixed], address()].concat())
}

fn ends() -> Vec<Case> {
    let whole = association6(&address());
    let longer = |mut option: Vec<u8>, by: u8| {
        option[3] += by;
        option
    };
    let beyond = longer(option6(13, &[1, 2, 3, 4]), 200);
    vec![
        strict(
            "other options of a lease of IPv6 are skipped",
            [
                with(&[&other(0), &option6(1, &[5; 14]), &whole, &other(3)]),
                has(),
            ],
        ),
        strict(
            "options of a lease of IPv6 end before one that reaches beyond the payload",
            [
                with(&[&beyond, &whole]),
                with(&[&longer(whole.clone(), 1)]),
                with(&[&address()[..27]]),
                with(&[&[0, 13, 0]]),
                has_not(),
                with(&[&whole, &beyond]),
                has(),
            ],
        ),
        strict(
            "of the options of a lease of IPv6 64 are read, associations too",
            [
                with(&[&other(0).repeat(63), &whole]),
                with(&[&option6(3, &[0; 12]).repeat(64), &address()]),
                has_not(),
                with(&[&other(0).repeat(62), &whole]),
                has(),
            ],
        ),
    ]
}

fn associations() -> Vec<Case> {
    let mut short = association6(&address());
    short[3] -= 1;
    let nested = association6(&option6(4, &[vec![0; 4], address()].concat()));
    vec![
        strict(
            "options of a lease of IPv6 go on inside of an IA_NA",
            [with(&[&behind(3, 12)]), has()],
        ),
        strict(
            "options of a lease of IPv6 go on inside of an IA_TA",
            [with(&[&behind(4, 4)]), has()],
        ),
        strict(
            "options of a lease of IPv6 go on inside of no other",
            [
                with(&[&behind(25, 12), &behind(9, 4), &behind(13, 0)]),
                has_not(),
            ],
        ),
        strict(
            "an association is as long as it must be, or skipped",
            [
                with(&[&option6(3, &[0; 11]), &option6(4, &[0; 3]), &address()]),
                has(),
            ],
        ),
        strict(
            "what is in an association may be one, and may reach out of it",
            [
                with(&[&nested]),
                has().at(59),
                with(&[&short]).at(60),
                has().at(60),
            ],
        ),
    ]
}

fn addresses() -> Vec<Case> {
    let short = option6(5, &address()[4..27]);
    let long = option6(5, &[&address()[4..], &other(0)].concat());
    vec![
        strict(
            "an address is leased in an option of 24 bytes at least",
            [
                with(&[&association6(&short)]),
                has_not(),
                with(&[&association6(&long)]),
                has(),
            ],
        ),
        strict(
            "an address may be leased outside of associations, and behind another",
            [
                with(&[&address6(v6(0x78), 60), &address()]),
                has(),
                uses(PUMP, 0x78, AllowedService),
            ],
        ),
    ]
}
