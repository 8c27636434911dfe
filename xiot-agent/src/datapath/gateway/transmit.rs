//! What a driver takes of the frames that are redirected to it.

use xiot_common::port::ONE_BUFFER_MTU;

use crate::datapath::{
    attach::UsedMode,
    netlink::{self, Features, Link, NetlinkError},
    preflight::Finding,
};

/// What it takes.
pub(super) enum Takes {
    /// All that its MTU allows.
    All,
    /// All of one buffer, which its MTU allows no more than.
    OneBuffer,
    /// Less than its MTU allows.
    TooLittle(Finding),
}

/// What this one takes, which has a program in this mode. Linux before 6.3 can't tell: a driver that took no native program takes no
/// frames either, one that took one is trusted, and frames of more than one buffer are handed to none.
pub(super) fn takes(link: &Link, mode: UsedMode) -> Result<Takes, NetlinkError> {
    let features = netlink::features(link.ifindex)?;
    let (frames, buffers) = match features {
        Some(features) => (
            features.has(Features::TRANSMIT),
            features.has(Features::TRANSMIT_BUFFERS),
        ),
        None => (mode == UsedMode::Native, false),
    };
    let interface = || link.name.clone();
    Ok(if !frames {
        Takes::TooLittle(Finding::NoTransmit {
            interface: interface(),
            is_veth: link.kind.as_deref() == Some("veth"),
        })
    } else if buffers {
        Takes::All
    } else if link.mtu > ONE_BUFFER_MTU {
        Takes::TooLittle(Finding::NoJumbo {
            interface: interface(),
            mtu: link.mtu,
            says_so: features.is_some(),
        })
    } else {
        Takes::OneBuffer
    })
}
