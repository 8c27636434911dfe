//! XDP features of an interface: the `netdev` family of generic netlink (kernel 6.3,
//! Documentation/netlink/specs/netdev.yaml).

use std::io;

use netlink_packet_core::{
    DecodeError, DefaultNla, Emitable, NetlinkPayload, Nla as _, NlaBuffer, NlasIterator,
    Parseable as _, ParseableParametrized,
};
use netlink_packet_generic::{
    GenlFamily, GenlHeader, GenlMessage,
    ctrl::{GenlCtrl, GenlCtrlCmd, nlas::GenlCtrlAttrs},
};
use netlink_sys::protocols::NETLINK_GENERIC;

use super::{NetlinkError, request};

/// `NETDEV_CMD_DEV_GET`.
const DEV_GET: u8 = 1;
/// `NETDEV_A_DEV_IFINDEX`.
const IFINDEX: u16 = 1;
/// `NETDEV_A_DEV_XDP_FEATURES`.
const XDP_FEATURES: u16 = 3;

/// XDP features of an interface (`enum netdev_xdp_act`).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Features(pub(crate) u64);

impl Features {
    /// Drops, passes and sends back frames: native XDP as such.
    pub(crate) const BASIC: u64 = 1;
    /// Redirects frames to other interfaces.
    pub(crate) const REDIRECT: u64 = 2;
    /// Takes frames that others redirect to it.
    pub(crate) const TRANSMIT: u64 = 4;
    /// Of those also such as have more than one buffer.
    pub(crate) const TRANSMIT_BUFFERS: u64 = 64;

    /// Whether all of these are there.
    pub(crate) const fn has(self, features: u64) -> bool {
        self.0 & features == features
    }
}

/// A message of the `netdev` family, as far as it is in use here.
#[derive(Debug)]
struct Netdev {
    attributes: Vec<DefaultNla>,
}

impl GenlFamily for Netdev {
    fn family_name() -> &'static str {
        "netdev"
    }

    fn command(&self) -> u8 {
        DEV_GET
    }

    fn version(&self) -> u8 {
        1
    }
}

impl Emitable for Netdev {
    fn buffer_len(&self) -> usize {
        self.attributes.as_slice().buffer_len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        self.attributes.as_slice().emit(buffer);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Netdev {
    fn parse_with_param(buf: &[u8], _header: GenlHeader) -> Result<Self, DecodeError> {
        let attributes = NlasIterator::new(buf)
            .map(|nla| nla.and_then(|nla: NlaBuffer<&[u8]>| DefaultNla::parse(&nla)))
            .collect::<Result<_, _>>()?;
        Ok(Self { attributes })
    }
}

/// XDP features of an interface; none where the kernel can't tell.
pub(in crate::datapath) fn features(ifindex: u32) -> Result<Option<Features>, NetlinkError> {
    let failed = |source| NetlinkError {
        what: "read XDP features",
        source,
    };
    let Some(family) = family_id().map_err(failed)? else {
        return Ok(None);
    };
    let mut message = GenlMessage::from_payload(Netdev {
        attributes: vec![DefaultNla::new(IFINDEX, ifindex.to_ne_bytes().to_vec())],
    });
    message.set_resolved_family_id(family);
    let answers: Vec<GenlMessage<Netdev>> =
        request(NETLINK_GENERIC, NetlinkPayload::from(message)).map_err(failed)?;
    Ok(answers
        .iter()
        .flat_map(|answer| &answer.payload.attributes)
        .find(|attribute| attribute.kind() == XDP_FEATURES)
        .and_then(|attribute| {
            let mut value = [0; 8];
            if attribute.value_len() != value.len() {
                return None;
            }
            attribute.emit_value(&mut value);
            Some(Features(u64::from_ne_bytes(value)))
        }))
}

/// The number that the family has on this kernel; none on one that does not know it.
fn family_id() -> io::Result<Option<u16>> {
    let message = GenlMessage::from_payload(GenlCtrl {
        cmd: GenlCtrlCmd::GetFamily,
        nlas: vec![GenlCtrlAttrs::FamilyName(Netdev::family_name().to_owned())],
    });
    match request(NETLINK_GENERIC, NetlinkPayload::from(message)) {
        Ok(answers) => Ok(answers
            .iter()
            .flat_map(|answer| &answer.payload.nlas)
            .find_map(|attribute| {
                if let GenlCtrlAttrs::FamilyId(id) = attribute {
                    Some(*id)
                } else {
                    None
                }
            })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::{Features, family_id, features};

    #[test]
    fn the_loopback_interface_has_no_native_xdp() {
        // Kernels before 6.3 can't tell.
        if family_id().unwrap().is_some() {
            assert!(!features(1).unwrap().unwrap().has(Features::BASIC));
        }
    }

    #[test]
    fn an_interface_that_does_not_exist_is_an_error() {
        if family_id().unwrap().is_some() {
            features(0x7fff_fff0).unwrap_err();
        }
    }
}
