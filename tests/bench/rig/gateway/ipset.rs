//! The site's policy for iptables, as far as ipset can say it: its sets know no profiles, so that any listed device may speak to
//! any listed service. A weaker policy than the others'.

use std::fmt::Write as _;

use xiot_agent::netns::namespace::Namespace;

use super::nft::feed;
use crate::rig::{frames::Family, site::Site};

/// Puts it in force.
pub(crate) fn load(gateway: &Namespace, site: &Site) {
    feed(gateway, "ipset", &["restore"], &sets(site));
    let tool = match site.family {
        Family::Ipv4 | Family::QinQ => "iptables-nft-restore",
        Family::Ipv6 => "ip6tables-nft-restore",
    };
    feed(gateway, tool, &[], RULES);
}

const RULES: &str = "*filter
:FORWARD DROP [0:0]
-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT
-A FORWARD -m set --match-set devices src -m set --match-set rules dst,dst -j ACCEPT
COMMIT
";

fn sets(site: &Site) -> String {
    let family = match site.family {
        Family::Ipv4 | Family::QinQ => "inet",
        Family::Ipv6 => "inet6",
    };
    let mut text = format!(
        "create devices hash:ip family {family} hashsize {devices} maxelem {devices}
create rules hash:ip,port family {family} hashsize {rules} maxelem {rules}
",
        devices = site.devices.next_power_of_two().max(64),
        rules = site.rules.next_power_of_two().max(64)
    );
    for device in site.devices() {
        writeln!(text, "add devices {}", device.address).expect("a string takes all");
    }
    for rule in site.rules() {
        writeln!(text, "add rules {},udp:{}", rule.peer, rule.port).expect("a string takes all");
    }
    text
}
