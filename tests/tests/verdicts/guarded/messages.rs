//! Messages of neighbour discovery: their form, and in whose name they speak.

use xiot_agent::model::guard::Level;
use xiot_common::reason::Reason::{AllowedService, NdInvalid, NdSpoofed, RouterMessage};
use xiot_tests::{
    frame::{Extension, Frame, Mac, frame},
    ward::{ALL_NODES, PUMP, ROUTER, WATCHED},
};

use super::{known, of_pump};
use crate::case::{Case, case, uplink};

pub(super) fn cases() -> Vec<Case> {
    [messages(), names()].concat()
}

/// A message of neighbour discovery, `length` bytes long before these options, about `fd00::77`.
fn message(kind: u8, length: usize, options: &[&[u8]]) -> Vec<u8> {
    let mut message = vec![kind];
    message.resize(length, 0);
    if length >= 24 {
        message[8] = 0xfd;
        message[23] = 0x77;
    }
    message.extend(options.concat());
    message
}

/// It comes from the pump.
fn says(message: &[u8]) -> Frame {
    frame(PUMP, ALL_NODES)
        .ip("fd00::11", "ff02::1")
        .hop_limit(255)
        .protocol(58, message)
}

fn link_layer(kind: u8, mac: Mac) -> Vec<u8> {
    [&[kind, 1][..], &mac].concat()
}

fn messages() -> Vec<Case> {
    const NONCE: &[u8] = &[14, 1, 1, 2, 3, 4, 5, 6];
    let asks = |options: &[&[u8]], reason| of_pump(&says(&message(135, 24, options)), reason);
    let from = |hops, kind| {
        frame(PUMP, ALL_NODES)
            .ip("fd00::11", "ff02::1")
            .hop_limit(hops)
            .protocol(58, &message(kind, 24, &[]))
    };
    let wrapped = frame(PUMP, ALL_NODES)
        .ip("fd00::11", "ff02::1")
        .hop_limit(255)
        .extension(Extension::Options {
            kind: 60,
            units: 0,
            fourth: 0,
        })
        .protocol(58, &message(135, 24, &[]));
    let in_part = frame(PUMP, ALL_NODES)
        .ip("fd00::11", "ff02::1")
        .hop_limit(255)
        .fragment(0, true)
        .protocol(58, &message(135, 512, &[]));
    let mut with_code = message(136, 24, &[]);
    with_code[1] = 1;
    vec![
        case(
            "neighbour discovery has its fixed part and whole options, 32 at most",
            [
                asks(&[], AllowedService),
                of_pump(&says(&message(135, 23, &[])), NdInvalid),
                of_pump(&says(&message(133, 8, &[])), AllowedService),
                of_pump(&says(&message(137, 39, &[])), NdInvalid),
                asks(&[NONCE; 32], AllowedService),
                asks(&[NONCE; 33], NdInvalid),
                asks(&[&[14, 2], &[0; 14]], AllowedService),
                asks(&[&[14, 0], &[0; 6]], NdInvalid),
                asks(&[&[14, 2], &[0; 6]], NdInvalid),
                asks(&[NONCE, &[0; 4]], NdInvalid),
                asks(&[&link_layer(1, PUMP)], AllowedService),
                asks(&[&[1, 2], &PUMP, &[0; 8]], NdInvalid),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "neighbour discovery is from here, and plain",
            [
                of_pump(&from(255, 135), AllowedService),
                of_pump(&from(254, 135), NdInvalid),
                of_pump(&says(&with_code), NdInvalid),
                of_pump(&wrapped, NdInvalid),
                of_pump(&in_part, NdInvalid),
                uplink(&from(254, 134), NdInvalid),
                // Listener reports are another matter.
                of_pump(&from(1, 131), AllowedService),
            ],
        )
        .guarded(Level::Enforce),
    ]
}

fn names() -> Vec<Case> {
    let option = |kind, mac| link_layer(kind, mac);
    let router = |kind, length, mac| says(&message(kind, length, &[&option(1, mac)]));
    let tries = |target: [u8; 16]| {
        let mut message = message(135, 24, &[]);
        message[8..].copy_from_slice(&target);
        frame(PUMP, ALL_NODES)
            .ip("::", "ff02::1")
            .hop_limit(255)
            .protocol(58, &message)
    };
    let mut taken = [0; 16];
    taken[0] = 0xfd;
    taken[15] = 0x12;
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 0, 0, 12];
    vec![
        case(
            "every link-layer option names its sender, but for a redirect",
            [
                of_pump(
                    &says(&message(
                        136,
                        24,
                        &[&option(2, PUMP), &option(2, WATCHED), &option(2, PUMP)],
                    )),
                    NdSpoofed,
                ),
                of_pump(&router(133, 8, PUMP), AllowedService),
                of_pump(&router(133, 8, ROUTER), NdSpoofed),
                of_pump(&router(134, 16, PUMP), RouterMessage),
                of_pump(&router(134, 16, ROUTER), NdSpoofed),
                of_pump(&router(137, 40, ROUTER), RouterMessage),
            ],
        )
        .guarded(Level::Enforce),
        case(
            "who tries an address takes it, but nobody has one of another family",
            [
                of_pump(&tries(taken), NdSpoofed),
                of_pump(&tries(mapped), AllowedService),
            ],
        )
        .under(known())
        .guarded(Level::Enforce),
    ]
}
