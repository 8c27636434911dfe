//! Guards of wires as the data path wants them.

use xiot_common::{
    capacity::MAX_ETHERTYPES,
    guard::{self, Guard, WireGuards},
};

use crate::model::{
    gateway::{Gateway, Wire},
    guard::{Guards, Level},
};

/// Those of every wire, in order.
pub fn of_wires(wires: &[Wire]) -> Vec<WireGuards> {
    wires.iter().map(of_wire).collect()
}

/// What a program must be loaded with for these wires; none: they need no guards.
pub fn needed(gateway: &Gateway) -> Option<Vec<WireGuards>> {
    let guards = of_wires(&gateway.wires);
    guards
        .iter()
        .any(|guards| !guards.are_idle())
        .then_some(guards)
}

fn of_wire(wire: &Wire) -> WireGuards {
    let Guards {
        group,
        mac,
        source,
        arp,
        nd,
        dhcp_server,
        dhcp_client,
        router,
        bpdu,
        claim,
        binding,
    } = wire.guards;
    let levels = [
        (Guard::Group, group),
        (Guard::Mac, mac),
        (Guard::Source, source),
        (Guard::Arp, arp),
        (Guard::Nd, nd),
        (Guard::DhcpServer, dhcp_server),
        (Guard::DhcpClient, dhcp_client),
        (Guard::Router, router),
        (Guard::Bpdu, bpdu),
        (Guard::Claim, claim),
        (Guard::Binding, binding),
    ];
    let mut ethertypes = [0; MAX_ETHERTYPES];
    for (slot, ethertype) in ethertypes.iter_mut().zip(&wire.ethertypes) {
        *slot = *ethertype;
    }
    let none = WireGuards {
        ethertypes,
        ..WireGuards::default()
    };
    levels
        .into_iter()
        .fold(none, |guards, (guard, its)| guards.with(guard, level(its)))
}

const fn level(level: Level) -> guard::Level {
    match level {
        Level::Off => guard::Level::Off,
        Level::Monitor => guard::Level::Monitor,
        Level::Enforce => guard::Level::Enforce,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::load_gateway;

    fn gateway(more: &str) -> Gateway {
        let file = format!("wires: [{{name: a, device: eth1, uplink: eth2{more}}}]\n");
        load_gateway("gateway.yaml", file).value.unwrap()
    }

    #[test]
    fn every_level_and_type_arrives() {
        let guards = of_wires(
            &gateway(", guards: {all: enforce, nd: off, claim: monitor, binding: monitor}, ethertypes: [lldp, 1536]")
                .wires,
        );
        let [guards] = guards[..] else {
            panic!("one wire");
        };
        assert_eq!(guards.level(Guard::Group), guard::Level::Enforce);
        assert_eq!(guards.level(Guard::Bpdu), guard::Level::Enforce);
        assert_eq!(guards.level(Guard::Nd), guard::Level::Off);
        assert_eq!(guards.level(Guard::Claim), guard::Level::Monitor);
        assert_eq!(guards.level(Guard::Binding), guard::Level::Monitor);
        assert_eq!(guards.ethertypes[..3], [0x88cc, 0x0600, 0]);
    }

    #[test]
    fn a_gateway_without_guards_needs_none() {
        assert!(needed(&gateway("")).is_some());
        assert!(needed(&gateway(", guards: off")).is_none());
        assert!(needed(&gateway(", guards: off, ethertypes: lldp")).is_some());
    }
}
