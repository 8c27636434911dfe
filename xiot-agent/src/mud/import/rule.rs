//! A rule of the policy language in one line.

use ipnetwork::IpNetwork;

use super::words::quoted;
use crate::{
    mud::meaning::{Message, Opener, Ports, Services},
    unit::{icmp::Family, port, protocol},
};

/// A peer as the language writes it: an address, without its prefix length where it is a single one.
pub(super) fn network(network: IpNetwork) -> String {
    let whole = match network {
        IpNetwork::V4(_) => 32,
        IpNetwork::V6(_) => 128,
    };
    let text = if network.prefix() == whole {
        network.ip().to_string()
    } else {
        network.to_string()
    };
    match network {
        IpNetwork::V4(_) => text,
        IpNetwork::V6(_) => quoted(&text),
    }
}

/// A rule for all these services with a peer.
pub(super) fn rule(opener: Opener, peer: &str, services: &Services) -> String {
    let direction = match opener {
        Opener::Device => "to",
        Opener::Peer => "from",
    };
    let mut parts = vec![format!("{direction}: {peer}")];
    let mut protocols: Vec<String> = Vec::new();
    if services.any {
        protocols.push("any".to_owned());
    }
    clause(&mut parts, "tcp", services.tcp.iter().map(|it| ports(*it)));
    clause(&mut parts, "udp", services.udp.iter().map(|it| ports(*it)));
    for (key, family, messages, number) in [
        ("icmp", Family::V4, &services.icmp, 1),
        ("icmpv6", Family::V6, &services.icmpv6, 58),
    ] {
        let messages = messages.iter().map(|it| message(*it, family));
        let all = services.protocols.contains(&number);
        clause(
            &mut parts,
            key,
            messages.chain(all.then(|| "any".to_owned())),
        );
    }
    let others = services.protocols.iter();
    protocols.extend(
        others
            .filter(|number| !matches!(number, 1 | 58))
            .map(|number| protocol::format(*number)),
    );
    clause(&mut parts, "protocol", protocols.into_iter());
    format!("{{{}}}", parts.join(", "))
}

fn clause(parts: &mut Vec<String>, key: &str, values: impl Iterator<Item = String>) {
    let values: Vec<_> = values.collect();
    match values.as_slice() {
        [] => {}
        [one] => parts.push(format!("{key}: {one}")),
        several => parts.push(format!("{key}: [{}]", several.join(", "))),
    }
}

fn ports(ports: Ports) -> String {
    port::format(&(ports.low..=ports.high))
}

fn message((kind, code): Message, family: Family) -> String {
    family.format(kind, code)
}
