//! A site of many devices that are known for years, and an agent on its gateway.

use std::{fs, net::IpAddr, path::Path};

use aya::maps::{HashMap, Map, MapData};
use xiot_agent::{
    learn::{
        conversation::{Conversation, Initiator, Seen, hour},
        device::{Identity, Learned},
        hours::{Hours, MOST_RUNS, Run},
        told::Told,
    },
    netns::{
        link::{End, veth},
        name,
        namespace::Namespace,
        scratch::Scratch,
    },
    service::{
        boot::{Boot, boot},
        clock::Now,
        files::Paths,
        simulate::Simulation,
        start::{How, Service},
        view,
    },
    store::{self, Batch, LearnedStore, Room},
};
use xiot_common::{
    addr::{Mac, Vlans},
    binding::{Binding, BindingKey, BindingKind, NO_END},
    map,
    name::{LONGEST, NamePlace, NameSet, NamesKey},
};

/// Profiles, each of as many devices.
const PROFILES: u32 = 60;

/// Servers that a device speaks to, and ports on each.
const SERVERS: u8 = 12;
const PORTS: std::ops::Range<u16> = 5000..5005;

/// That which is known by name, and that which no rule allows.
const BY_NAME: u8 = 11;
const UNKNOWN: u8 = 12;

/// One in so many conversations comes once a day, the others around the clock.
const DAILY: usize = 3;

/// One in so many devices has one that nobody else has, in place of one that no rule allows.
const ALONE: u32 = 50;

/// How long all of it was watched.
const HOURS: u32 = 3 * 365 * 24;

/// Devices that are written down at once.
const AT_ONCE: u32 = 500;

/// A gateway of so many devices.
pub(crate) struct Site {
    devices: u32,
    scratch: Scratch,
    pub(crate) gateway: Namespace,
    _hosts: [Namespace; 2],
}

impl Site {
    /// Its files, its wires, and what was learned of it.
    pub(crate) fn new(devices: u32) -> Self {
        let number = name::next_number();
        let named = |label: &str| name::of_run(number, label);
        let namespace = |label: &str| Namespace::create(&named(label)).expect("this needs root");
        let scratch = Scratch::create(&named("site")).expect("this needs root");
        let gateway = namespace("gateway");
        let hosts = ["ward", "core"].map(namespace);
        for (host, (interface, mac)) in hosts.iter().zip([("ward", 1), ("core", 2)]) {
            let end = |namespace, interface, last| End {
                namespace,
                interface,
                mac: [2, 0, 0, 0, mac, last],
            };
            veth([end(host, "eth0", 1), end(&gateway, interface, 2)], 1500).expect("a wire");
        }
        let site = Self {
            devices,
            scratch,
            gateway,
            _hosts: hosts,
        };
        fs::write(site.paths().gateway, site.gateway_file()).expect("a file");
        fs::write(site.paths().policy, site.policy()).expect("a file");
        site.learn();
        site
    }

    /// An agent on it, which knows what addresses devices have and what they were told.
    pub(crate) fn start(&self) -> Service {
        let state = self.scratch.path().join("state");
        let Boot { checked, kept } =
            boot(&self.paths(), &state, Now::read()).expect("the files are there");
        let texts = checked.texts();
        let files = checked.into_files().expect("they are fine");
        let service = Service::start(files, &texts, kept, How::default()).expect("this needs root");
        self.bind();
        service
    }

    fn paths(&self) -> Paths {
        let file = |name| self.scratch.path().join(name);
        Paths {
            gateway: file("gateway.yaml"),
            policy: file("policy.yaml"),
        }
    }

    fn gateway_file(&self) -> String {
        format!(
            "wires: [{{name: ward, device: ward, uplink: core}}]\nxdp: generic\npins: {}\nmetrics: off\n",
            self.pins().display()
        )
    }

    fn pins(&self) -> std::path::PathBuf {
        self.scratch.bpf().join("xiot")
    }

    fn policy(&self) -> String {
        let profiles: String = (0..PROFILES).map(profile).collect();
        let devices: String = (0..self.devices).map(device).collect();
        let head = "onboarding: learn\nservices: {dns: {servers: 10.20.255.53}}";
        format!("{head}\nprofiles:\n{profiles}devices:\n{devices}")
    }

    /// Fills the database of what was learned.
    fn learn(&self) {
        let state = self.scratch.path().join("state");
        let opened = store::open::<LearnedStore>(Path::new(&state)).expect("a new one");
        let now = Now::read().wall.as_second().unsigned_abs();
        let [around, daily] = seen(now);
        let watched = around.hours.clone();
        let devices: Vec<_> = (0..self.devices).collect();
        for devices in devices.chunks(AT_ONCE as usize) {
            let mut batch = Batch {
                watched: watched.clone(),
                until: now,
                ..Batch::default()
            };
            for &device in devices {
                let profile = device % PROFILES;
                let servers =
                    (1..=SERVERS).flat_map(|server| PORTS.map(move |port| (server, port)));
                let all = servers.enumerate().map(|(n, (server, port))| {
                    let is_last = server == UNKNOWN && port + 1 == PORTS.end;
                    let conversation = Conversation {
                        initiator: Initiator::Device,
                        midstream: false,
                        protocol: 6,
                        port,
                        peer: if is_last && device.is_multiple_of(ALONE) {
                            alone(device)
                        } else {
                            peer(profile, server)
                        },
                    };
                    let seen = if n % DAILY == 0 { &daily } else { &around };
                    (conversation, seen.clone())
                });
                let learned = Learned::of(all.collect(), watched.clone(), 0);
                let mut told = Told::default();
                told.take(&host(profile), &[peer(profile, BY_NAME)], now);
                batch.devices.insert(identity(device), learned);
                batch.told.insert(identity(device), told);
            }
            opened
                .content
                .take(&batch, Room::default(), |_| true)
                .expect("there is room");
        }
    }

    /// Leases, and names that devices were told.
    fn bind(&self) {
        let open = |name: &str| {
            let data = MapData::from_pin(self.pins().join(name)).expect("it is pinned");
            Map::from_map_data(data).expect("it is a hash map")
        };
        let mut bindings: HashMap<_, BindingKey, Binding> =
            HashMap::try_from(open(map::BINDINGS)).expect("of this layout");
        let mut names: HashMap<_, NamesKey, NameSet> =
            HashMap::try_from(open(map::NAMES)).expect("of this layout");
        for device in 0..self.devices {
            let mac = Mac(mac(device));
            if !device.is_multiple_of(2) {
                let key = BindingKey {
                    addr: view::addr(address(device)),
                    ..BindingKey::default()
                };
                let binding = Binding {
                    until: NO_END,
                    mac,
                    kind: BindingKind::Lease as u8,
                    reserved: 0,
                };
                bindings.insert(key, binding, 0).expect("there is room");
            }
            let key = NamesKey {
                mac,
                wire: 0,
                vlans: Vlans { outer: 0, inner: 0 },
            };
            let profile = device % PROFILES;
            let name = xiot_agent::model::policy::DnsName::parse(&host(profile)).expect("a name");
            let mut set = NameSet::NONE;
            set.0[0] = NamePlace {
                addr: view::addr(peer(profile, BY_NAME)),
                name: xiot_agent::compile::name_hash(&name),
                life: NamePlace::life(u32::MAX, LONGEST),
            };
            names.insert(key, set, 0).expect("there is room");
        }
    }
}

/// What devices of a kind may do, and what their maker says that they do.
fn profile(number: u32) -> String {
    let (first, last) = (PORTS.start, PORTS.end - 1);
    let rule = |server: u8| {
        let peer = if server == BY_NAME {
            format!("{{dns: {}}}", host(number))
        } else {
            peer(number, server).to_string()
        };
        format!("      - {{to: {peer}, tcp: {first}-{last}}}\n")
    };
    let list = |without: u8| {
        let servers = (1..=SERVERS).filter(|server| *server != without);
        let rules: String = servers.map(rule).collect();
        format!("    services: [arp, nd, dhcp, dns]\n    allow:\n{rules}")
    };
    let (own, makers) = (list(UNKNOWN), list(1));
    format!(
        "  kind-{number}:\n    criticality: high\n    disclosed: maker-{number}\n{own}  maker-{number}:\n{makers}"
    )
}

/// A device as the policy lists it. Every other one has its address by lease.
fn device(number: u32) -> String {
    let ip = if number.is_multiple_of(2) {
        format!(", ip: {}", address(number))
    } else {
        String::new()
    };
    format!(
        "  - {{name: {}, mac: \"{}\"{ip}, profile: {}, groups: [all], mode: monitor}}\n",
        device_name(number),
        xiot_agent::unit::mac::format(mac(number)),
        profile_name(number),
    )
}

/// What is seen around the clock, and what comes once a day.
fn seen(now: u64) -> [Seen; 2] {
    let end = hour(now);
    let start = end - HOURS;
    let around = vec![Run {
        start,
        length: HOURS,
    }];
    let days = u32::try_from(MOST_RUNS).expect("few");
    let daily = (0..days).map(|day| Run {
        start: end - 24 * (days - day),
        length: 1,
    });
    [around, daily.collect()].map(|runs| {
        let hours = Hours::of_runs(runs).expect("in order");
        let first = hours.runs()[0].start;
        Seen {
            opened: u64::from(hours.count()),
            frames: 20 * u64::from(hours.count()),
            bytes: 4000 * u64::from(hours.count()),
            first: u64::from(first) * 3600,
            last: now - 3600,
            hours,
        }
    })
}

/// Name of the device of this number.
pub(crate) fn device_name(device: u32) -> String {
    format!("device-{device}")
}

/// Name of its profile.
pub(crate) fn profile_name(device: u32) -> String {
    format!("kind-{}", device % PROFILES)
}

/// A host that devices of this profile know by name.
pub(crate) fn host(profile: u32) -> String {
    format!("cloud-{profile}.vendor.example")
}

fn peer(profile: u32, server: u8) -> IpAddr {
    let profile = u8::try_from(profile).expect("few");
    [10, 20, profile, server].into()
}

/// Whom this device alone speaks to.
fn alone(device: u32) -> IpAddr {
    let [_, high, middle, low] = device.to_be_bytes();
    [10, 128 + high, middle, low].into()
}

fn address(device: u32) -> IpAddr {
    let [_, high, middle, low] = device.to_be_bytes();
    [10, 64 + high, middle, low].into()
}

fn mac(device: u32) -> [u8; 6] {
    let [_, high, middle, low] = device.to_be_bytes();
    [0, 3, 0xb1, high, middle, low]
}

fn identity(device: u32) -> Identity {
    Identity {
        mac: mac(device),
        vlans: (0, 0),
    }
}

/// That each conversation was judged, and as the policy has it.
pub(crate) fn check(simulated: &Simulation) {
    let (ports, servers) = (PORTS.len() as u64, u64::from(SERVERS));
    let dropped = simulated.would_drop.len() as u64;
    assert_eq!(
        (simulated.judged, dropped, simulated.unknown),
        (
            simulated.devices * ports * servers,
            simulated.devices * ports,
            0
        )
    );
}
