//! A router in a namespace of its own: the kernel there knows the same ports, routes and neighbours as the oracle.

use std::{
    fmt::{self, Write as _},
    net::IpAddr,
    process::ExitStatus,
    sync::{Mutex, MutexGuard, PoisonError},
};

use xiot_agent::{
    netns::{
        NetnsError,
        link::Mac,
        name::{next_number, of_run},
        namespace::Namespace,
        sweep::sweep,
    },
    oracle::{Hop, PortState, Route, Router, RouterPort, Selector, Way},
};

/// A port as the namespace has it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Port {
    /// Which one.
    pub at: RouterPort,
    /// Its interface.
    pub interface: &'static str,
    /// Its interface index.
    pub ifindex: u32,
    /// Its MAC.
    pub mac: [u8; 6],
    /// Its MTU.
    pub mtu: u16,
}

/// Segments of a router in tests: wires 0 and 1.
pub const SEGMENTS: usize = 2;

/// The ports. The first segment's has the MAC that generated frames know as the router's.
pub const PORTS: [Port; 4] = [
    port(RouterPort::Segment(0), "seg0", 11, 0x01, 1500),
    port(RouterPort::Segment(1), "seg1", 12, 0x02, 9000),
    port(RouterPort::Uplink(0), "up0", 13, 0x11, 1500),
    port(RouterPort::Uplink(1), "up1", 14, 0x12, 1300),
];

/// Number of the table that all packets are looked up in.
const MAIN: u32 = 254;

/// Numbers of detours' tables, from this one on.
const DETOURS: u32 = 100;

/// An interface beside the ports.
const OTHER: &str = "other";

const fn port(at: RouterPort, interface: &'static str, ifindex: u32, last: u8, mtu: u16) -> Port {
    Port {
        at,
        interface,
        ifindex,
        mac: [0x02, 0, 0, 0, 0xff, last],
        mtu,
    }
}

/// The port as the namespace has it.
///
/// # Panics
/// Where there is none.
pub fn port_of(port: RouterPort) -> &'static Port {
    let found = PORTS.iter().find(|it| it.at == port);
    found.expect("a port of the tests' router")
}

/// The ports, forwarding both families.
pub fn ports() -> Vec<PortState> {
    PORTS
        .iter()
        .map(|it| PortState {
            port: it.at,
            mac: it.mac,
            forwards_v4: true,
            forwards_v6: true,
        })
        .collect()
}

/// The way to the loopback network, which the kernel has by itself.
///
/// # Panics
/// Never.
pub fn loopback() -> Route {
    Route {
        to: "127.0.0.0/8".parse().expect("a network"),
        way: Way::Here,
    }
}

/// The namespace.
#[derive(Debug)]
pub struct Routes {
    namespace: Namespace,
    laid: Mutex<Router>,
}

impl Routes {
    /// Makes the ports, between which nothing is routed yet.
    ///
    /// # Panics
    /// Without root or iproute2.
    pub fn new() -> Self {
        Self::build().unwrap_or_else(|error| {
            panic!("could not build a router (tests need root and iproute2): {error:?}")
        })
    }

    fn build() -> Result<Self, NetnsError> {
        sweep()?;
        let namespace = Namespace::create(&of_run(next_number(), "routes"))?;
        for setting in ["ipv4/ip_forward", "ipv6/conf/all/forwarding"] {
            namespace.set(setting, "1")?;
        }
        for it in PORTS {
            let (name, mac) = (it.interface, Mac(it.mac));
            namespace.ip(&format!(
                "link add {name} index {} address {mac} mtu {} type veth peer name far-{name} mtu {1}\n\
                 link set {name} addrgenmode none\nlink set {name} up\nlink set far-{name} up",
                it.ifindex, it.mtu
            ))?;
        }
        namespace.ip(&format!(
            "link add {OTHER} type veth peer name far-{OTHER}\nlink set {OTHER} addrgenmode none\n\
             link set {OTHER} up\nlink set far-{OTHER} up"
        ))?;
        Ok(Self {
            namespace,
            laid: Mutex::new(Router {
                ports: ports(),
                routes: vec![loopback()],
                ..Router::default()
            }),
        })
    }

    /// Does something inside.
    ///
    /// # Panics
    /// Where the namespace cannot be entered.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        must(self.namespace.run(work))
    }

    /// Lets the kernel know what the oracle knows, and nothing that it knew before.
    ///
    /// # Panics
    /// Where the kernel does not take it.
    pub fn lay(&self, router: &Router) {
        let mut laid = self.laid();
        if *laid == *router {
            return;
        }
        let mut script = String::new();
        let mut line = |words: fmt::Arguments<'_>| {
            writeln!(script, "{words}").expect("a string takes all");
        };
        for it in &laid.neighbours {
            let interface = port_of(it.port).interface;
            line(format_args!("neigh del {} dev {interface}", it.address));
        }
        for (route, table) in added(&laid) {
            line(format_args!("route del {} table {table}", route.to));
        }
        for it in &router.neighbours {
            let (mac, interface) = (Mac(it.mac), port_of(it.port).interface);
            line(format_args!(
                "neigh add {} lladdr {mac} nud permanent dev {interface}",
                it.address
            ));
        }
        // A gateway must not be an address of the kernel's own when its route comes, as all are behind `local 0.0.0.0/0`.
        let (by_gateway, others): (Vec<_>, Vec<_>) = added(router)
            .partition(|it| matches!(it.0.way, Way::Through(Hop { via: Some(_), .. })));
        for (route, table) in by_gateway.into_iter().chain(others) {
            line(format_args!("route add {} table {table}", words(route)));
        }
        must(self.namespace.ip(&script));
        self.select("del", &laid);
        self.select("add", router);
        for (before, after) in laid.ports.iter().zip(&router.ports) {
            let interface = port_of(after.port).interface;
            let families = [
                ("ipv4", before.forwards_v4, after.forwards_v4),
                ("ipv6", before.forwards_v6, after.forwards_v6),
            ];
            for (family, _, forwards) in families.into_iter().filter(|it| it.1 != it.2) {
                let setting = format!("{family}/conf/{interface}/forwarding");
                must(
                    self.namespace
                        .set(&setting, if forwards { "1" } else { "0" }),
                );
            }
        }
        laid.clone_from(router);
    }

    /// Has the kernel take detours, or take them no more. A script of `ip` speaks of one family.
    fn select(&self, verb: &str, router: &Router) {
        for (detour, table) in router.detours.iter().zip(DETOURS..) {
            let selector = match detour.of {
                Selector::Port(protocol, port) => format!("ipproto {protocol} dport {port}"),
                Selector::Class(class) => format!("tos {:#x}", class << 2),
            };
            let family = if detour.route.to.is_ipv4() {
                "-4"
            } else {
                "-6"
            };
            let mut ip = must(self.namespace.command("ip"));
            ip.args([family, "rule", verb, "pref", &table.to_string()])
                .args(selector.split(' '))
                .args(["lookup", &table.to_string()]);
            let done = ip.status();
            assert!(done.as_ref().is_ok_and(ExitStatus::success), "{done:?}");
        }
    }

    fn laid(&self) -> MutexGuard<'_, Router> {
        self.laid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Routes {
    fn default() -> Self {
        Self::new()
    }
}

/// The routes that the kernel does not have by itself, each with its table.
fn added(router: &Router) -> impl Iterator<Item = (&Route, u32)> {
    let own = loopback();
    let usual = router.routes.iter().filter(move |route| **route != own);
    let detours = router.detours.iter().map(|detour| &detour.route);
    usual
        .map(|route| (route, MAIN))
        .chain(detours.zip(DETOURS..))
}

/// A route as `ip` reads it.
fn words(route: &Route) -> String {
    let to = route.to;
    let Hop { port, via, mtu } = match route.way {
        Way::Here => return format!("local {to} dev lo"),
        // All that lead nowhere are one to the oracle.
        Way::Nowhere => {
            let kinds = ["unreachable", "prohibit", "blackhole"];
            return format!("{} {to}", kinds[usize::from(to.prefix()) % kinds.len()]);
        }
        Way::Elsewhere => return format!("{to} dev {OTHER}"),
        Way::Through(hop) => hop,
    };
    let port = port_of(port);
    let via = match via {
        Some(via @ IpAddr::V6(_)) if to.is_ipv4() => format!("via inet6 {via} onlink "),
        Some(via) => format!("via {via} onlink "),
        None => String::new(),
    };
    let mtu = if mtu == usize::from(port.mtu) {
        String::new()
    } else {
        format!(" mtu lock {mtu}")
    };
    format!("{to} {via}dev {}{mtu}", port.interface)
}

fn must<T>(result: Result<T, NetnsError>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}
