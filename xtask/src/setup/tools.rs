//! The one list of programs that the demo, the tests and the bench run, and why each is needed.

/// A program that is looked for in `PATH`, with Debian's package that brings it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Tool {
    /// Name of the program.
    pub(crate) program: &'static str,
    /// Debian's package with the program.
    pub(crate) package: &'static str,
    /// What xiot does with it.
    pub(crate) why: &'static str,
    /// Services that the package starts and that nothing here wants: they are kept from starting, now
    /// and at the next boot, when set-up installs the package.
    pub(crate) services: &'static [&'static str],
}

const fn tool(program: &'static str, package: &'static str, why: &'static str) -> Tool {
    Tool {
        program,
        package,
        why,
        services: &[],
    }
}

/// Everything that the demo, the tests and the bench run.
pub(crate) const TOOLS: &[Tool] = &[
    tool(
        "ip",
        "iproute2",
        "makes network namespaces, veth pairs and bridges",
    ),
    tool(
        "ethtool",
        "ethtool",
        "sets and shows the offloads that pre-flight checks look at",
    ),
    tool("nft", "nftables", "the filter that the bench compares with"),
    tool("ipset", "ipset", "sets for iptables, in the bench"),
    tool(
        "iptables-nft-restore",
        "iptables",
        "filters by ipset, in the bench",
    ),
    tool(
        "conntrack",
        "conntrack",
        "lets the filters of the bench forget",
    ),
    tool("ping", "iputils-ping", "ICMP echo through the gateway"),
    tool(
        "arping",
        "iputils-arping",
        "ARP, plain and with a claimed sender",
    ),
    tool("curl", "curl", "the metrics of a ward that the demo keeps"),
    tool("nmap", "nmap", "the port scan that must find nothing"),
    tool(
        "hping3",
        "hping3",
        "floods and forged frames that must get nowhere",
    ),
    tool(
        "atk6-fake_router26",
        "thc-ipv6",
        "routers and neighbours that are none, in the forms that evade filters",
    ),
    tool(
        "yersinia",
        "yersinia",
        "spanning tree, CDP and others from a device, and DHCP starvation",
    ),
    tool("mandoc", "mandoc", "finds fault with man pages"),
    tool(
        "systemd-analyze",
        "systemd",
        "its service manager runs the agent's package and judges the unit",
    ),
    tool("udhcpc", "udhcpc", "a DHCP client behind the gateway"),
    tool(
        "dnsmasq",
        "dnsmasq-base",
        "DHCP and DNS servers, wanted ones and rogue ones",
    ),
    tool(
        "promtool",
        "prometheus",
        "checks names and help of the exported metrics",
    ),
    Tool {
        services: &["prometheus"],
        ..tool(
            "prometheus",
            "prometheus",
            "a real server that scrapes the agent",
        )
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_listed_once() {
        let mut programs: Vec<_> = TOOLS.iter().map(|tool| tool.program).collect();
        programs.sort_unstable();
        programs.dedup();
        assert_eq!(programs.len(), TOOLS.len());
    }
}
