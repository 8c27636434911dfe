//! What is wrong with a port, and the command that puts it right.

use std::fmt;

use xiot_common::{
    capacity::{MAX_IFINDEX, MAX_PORTS},
    port::ONE_BUFFER_MTU,
};

use crate::datapath::netlink::XdpMode;

/// A family of addresses.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// Both.
    pub(in crate::datapath) const ALL: [Self; 2] = [Self::V4, Self::V6];

    /// What its sysctls are under.
    pub(in crate::datapath) const fn sysctl(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

/// What makes an interface forward. IPv6 is forwarded by all interfaces or by none.
fn forwarding(interface: &str, family: Family) -> String {
    match family {
        Family::V4 => format!("net.ipv4.conf.{}.forwarding=1", sysctl_name(interface)),
        Family::V6 => "net.ipv6.conf.all.forwarding=1".to_owned(),
    }
}

/// An interface in the name of a sysctl: dots stand for slashes there, and the other way round.
fn sysctl_name(interface: &str) -> String {
    interface.replace('.', "/")
}

/// One thing that is wrong with a port or a wire.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Finding {
    /// No such interface.
    #[error(
        "interface {interface} does not exist in this network namespace; `ip link` lists those that do"
    )]
    Missing {
        /// The interface.
        interface: String,
    },
    /// One interface for two ports.
    #[error(
        "interface {interface} is used by more than one port; give each port an interface of its own"
    )]
    UsedTwice {
        /// The interface.
        interface: String,
    },
    /// No wires at all.
    #[error("there is no wire and no router; add one to the gateway file")]
    NoWires,
    /// More ports than the maps have room for.
    #[error("{ports} ports are more than the {MAX_PORTS} that one gateway can have")]
    TooManyPorts {
        /// Ports wanted.
        ports: usize,
    },
    /// The interface index does not fit the port table.
    #[error(
        "interface {interface} has index {ifindex}, above the limit of {MAX_IFINDEX}; reboot to start numbering anew"
    )]
    IndexTooHigh {
        /// The interface.
        interface: String,
        /// Its index.
        ifindex: u32,
    },
    /// The loopback interface.
    #[error("{interface} is a loopback interface: nothing is connected to it")]
    Loopback {
        /// The interface.
        interface: String,
    },
    /// Not Ethernet.
    #[error("{interface} is not an Ethernet interface")]
    NotEthernet {
        /// The interface.
        interface: String,
    },
    /// Administratively down.
    #[error("interface {interface} is down; `ip link set dev {interface} up`")]
    Down {
        /// The interface.
        interface: String,
    },
    /// Up, but nothing is plugged in.
    #[error("interface {interface} has no carrier; is the cable in, and the other end up?")]
    NoCarrier {
        /// The interface.
        interface: String,
    },
    /// Frames of one side would not fit the other.
    #[error(
        "wire {wire}: {device} has MTU {device_mtu} and {uplink} {uplink_mtu}; `ip link set dev {} mtu {}`",
        if device_mtu < uplink_mtu { uplink } else { device },
        device_mtu.min(uplink_mtu)
    )]
    MtuMismatch {
        /// The wire.
        wire: String,
        /// Interface on the device side.
        device: String,
        /// Its MTU in bytes.
        device_mtu: u32,
        /// Interface on the uplink side.
        uplink: String,
        /// Its MTU in bytes.
        uplink_mtu: u32,
    },
    /// A member of a bond or the like: frames belong to that one.
    #[error(
        "interface {interface} is a member of {kind} {master}; `ip link set dev {interface} nomaster`, or use {master} as the port"
    )]
    Member {
        /// The interface.
        interface: String,
        /// What it is a member of.
        master: String,
        /// The kind of that.
        kind: String,
    },
    /// Both ports in one bridge, which forwards without the program, and the wire is not to.
    #[error(
        "wire {wire} is to fail closed, but both ports are in bridge {bridge}, which forwards everything unfiltered whenever the program is not attached; `ip link set dev {device} nomaster`, or say `fail: open` of the wire"
    )]
    FailsOpen {
        /// The wire.
        wire: String,
        /// The bridge.
        bridge: String,
        /// The port towards the devices.
        device: String,
    },
    /// A port in a bridge that the other one is not in.
    #[error(
        "interface {interface} is in bridge {bridge}, but the other port of wire {wire} is not; `ip link set dev {interface} nomaster`"
    )]
    Bridged {
        /// The wire.
        wire: String,
        /// The interface.
        interface: String,
        /// The bridge.
        bridge: String,
    },
    /// A port of the router in a bridge.
    #[error(
        "interface {interface} is in bridge {bridge}: a port of the router routes by addresses of its own; `ip link set dev {interface} nomaster`"
    )]
    BridgedRouter {
        /// The interface.
        interface: String,
        /// The bridge.
        bridge: String,
    },
    /// A port of the router without any address.
    #[error(
        "interface {interface} has no address: nobody can have the gateway for a router there; `ip address add ADDRESS/PREFIX dev {interface}`"
    )]
    NoAddress {
        /// The interface.
        interface: String,
    },
    /// A port of the router that does not forward.
    #[error(
        "interface {interface} has {family} addresses and does not forward {family}: what comes in there is not routed; `sysctl -w {}`",
        forwarding(interface, *family)
    )]
    NotForwarding {
        /// The interface.
        interface: String,
        /// Of the addresses.
        family: Family,
    },
    /// Somebody routes multicast.
    #[error(
        "interface {interface} routes {family} multicast (mc_forwarding): that would reach devices unjudged; end the multicast routing daemon"
    )]
    MulticastRouting {
        /// The interface.
        interface: String,
        /// Which.
        family: Family,
    },
    /// Another interface that forwards.
    #[error(
        "interface {interface} forwards {family} and is no port of the router: what comes in there reaches devices unjudged; {}",
        match family {
            Family::V4 => format!("`sysctl -w net.ipv4.conf.{}.forwarding=0`", sysctl_name(interface)),
            // No sysctl tells interfaces apart here.
            Family::V6 => format!("let netfilter drop what it forwards, `iifname \"{interface}\" drop`"),
        }
    )]
    ForwardsBeside {
        /// The interface.
        interface: String,
        /// What it forwards.
        family: Family,
    },
    /// Somebody else's XDP program.
    #[error(
        "interface {interface} already has the XDP program {} (id {program}, {mode}); whoever attached it must detach it, or `ip link set dev {interface} xdp off`",
        name.as_deref().unwrap_or("of unknown name")
    )]
    ForeignProgram {
        /// The interface.
        interface: String,
        /// Id of the program.
        program: u32,
        /// Its name, where it can be found out.
        name: Option<String>,
        /// Where it sits.
        mode: XdpMode,
    },
    /// The driver can't run the program.
    #[error(
        "the driver of {interface} has no native XDP with redirect; set `xdp: generic` or `xdp: auto` in the gateway file"
    )]
    NoNativeXdp {
        /// The interface.
        interface: String,
    },
    /// The driver takes no frames that others redirect to it.
    #[error(
        "{interface} takes no redirected frames{}; or set `xdp: auto` in the gateway file",
        if *is_veth {
            ": the other end of a veth pair must have GRO on (`ethtool -K PEER gro on`) or an XDP program of its own"
        } else {
            ": its driver has no XDP transmit"
        }
    )]
    NoTransmit {
        /// The interface.
        interface: String,
        /// It is one end of a veth pair.
        is_veth: bool,
    },
    /// Frames would have more buffers than the interface sends.
    #[error(
        "{interface} has MTU {mtu}, but takes only redirected frames of one buffer ({}); `ip link set dev {interface} mtu {ONE_BUFFER_MTU}` on both ports of the wire, or set `xdp: auto` in the gateway file",
        if *says_so { "so its driver says" } else { "the kernel hands over no others before Linux 6.3" }
    )]
    NoJumbo {
        /// The interface.
        interface: String,
        /// Its MTU in bytes.
        mtu: u32,
        /// The kernel knows what the driver takes.
        says_so: bool,
    },
    /// The card takes VLAN tags out of frames and can't be told not to.
    #[error(
        "{interface} takes VLAN tags out of received frames ({feature}) and can't be told not to; policies by VLAN can't work with this card"
    )]
    VlanOffloadFixed {
        /// The interface.
        interface: String,
        /// The feature, as ethtool names it.
        feature: &'static str,
    },
}

impl Finding {
    /// Whether the gateway can't work with it. The others are worth knowing.
    pub fn is_fatal(&self) -> bool {
        match self {
            Self::NoCarrier { .. }
            // A router that does not start is one that judges nothing.
            | Self::NoAddress { .. }
            | Self::NotForwarding { .. }
            | Self::MulticastRouting { .. }
            | Self::ForwardsBeside { .. } => false,
            Self::Missing { .. }
            | Self::UsedTwice { .. }
            | Self::NoWires
            | Self::TooManyPorts { .. }
            | Self::IndexTooHigh { .. }
            | Self::Loopback { .. }
            | Self::NotEthernet { .. }
            | Self::Down { .. }
            | Self::MtuMismatch { .. }
            | Self::Member { .. }
            | Self::FailsOpen { .. }
            | Self::Bridged { .. }
            | Self::BridgedRouter { .. }
            | Self::ForeignProgram { .. }
            | Self::NoNativeXdp { .. }
            | Self::NoTransmit { .. }
            | Self::NoJumbo { .. }
            | Self::VlanOffloadFixed { .. } => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Finding;

    #[test]
    fn the_larger_mtu_is_to_be_lowered() {
        let finding = |device_mtu, uplink_mtu| {
            Finding::MtuMismatch {
                wire: "ward".to_owned(),
                device: "eth1".to_owned(),
                device_mtu,
                uplink: "eth2".to_owned(),
                uplink_mtu,
            }
            .to_string()
        };
        assert!(finding(1500, 9000).ends_with("`ip link set dev eth2 mtu 1500`"));
        assert!(finding(1500, 1400).ends_with("`ip link set dev eth1 mtu 1400`"));
    }

    #[test]
    fn it_is_said_who_takes_no_jumbo_frames() {
        let finding = |says_so| {
            Finding::NoJumbo {
                interface: "eth2".to_owned(),
                mtu: 9000,
                says_so,
            }
            .to_string()
        };
        assert!(finding(true).contains("one buffer (so its driver says);"));
        assert!(finding(false).contains("before Linux 6.3); `ip link set dev eth2 mtu 3502`"));
    }
}
