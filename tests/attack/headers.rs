//! IP headers that lie, and chains of them.

use xiot_tests::frame::{Extension, Frame, PacketEnvelope, flag::SYN, frame};

use crate::{
    attempt::Attempt,
    frames::{OPEN, PUMP, SERVER, SERVER4, SERVER6, pump, pump6, segment},
    ground::{Deed, by_device, perform},
};

#[test]
fn in_ipv4() {
    perform("headers::in_ipv4", IN_IPV4);
}

#[test]
fn in_ipv6() {
    perform("headers::in_ipv6", IN_IPV6);
}

const IN_IPV4: &[Deed] = &[
    by_device("four-source-route", source_route),
    by_device("four-options", other_options),
    by_device("four-contradiction", contradiction),
    by_device("four-cut", cut),
    by_device("four-transport", transport),
    by_device("four-sources", sources),
    by_device("four-land", land),
    by_device("four-tunnels", tunnels),
    by_device("four-ttl", ttl),
    by_device("four-padding", padding),
];

const IN_IPV6: &[Deed] = &[
    by_device("six-nine", nine),
    by_device("six-hop-by-hop", hop_by_hop),
    by_device("six-routing", routing),
    by_device("six-cut", six_cut),
    by_device("six-jumbo", jumbo),
    by_device("six-two-fragments", two_fragments),
    by_device("six-hidden", hidden),
    by_device("six-atomic", atomic),
    by_device("six-nd-fragment", nd_fragment),
    by_device("six-nd-extension", nd_extension),
    by_device("six-behind", behind),
    by_device("six-mapped", mapped),
    by_device("six-contradiction", six_contradiction),
    by_device("six-land", six_land),
    by_device("six-tunnels", six_tunnels),
];

fn source_route(a: &mut Attempt<'_>) {
    let loose = [131, 7, 4, 10, 30, 1, 9, 0];
    let strict = [137, 7, 4, 10, 30, 1, 9, 0];
    let behind_others = [1, 7, 3, 4, 1, 131, 7, 4, 10, 30, 1, 9];
    for options in [&loose[..], &strict, &behind_others] {
        a.lost(pump().options(options).udp(43_000, OPEN));
    }
}

fn other_options(a: &mut Attempt<'_>) {
    let record = [7, 7, 4, 0, 0, 0, 0, 0];
    let alert = [148, 4, 0, 0];
    let behind_the_end = [0, 131, 3, 4];
    for options in [&record[..], &alert, &behind_the_end] {
        a.through(pump().options(options).udp(43_001, OPEN));
        a.lost(pump().options(options).udp(43_001, 514));
    }
}

fn edited(frame: &Frame, at: usize, with: &[u8]) -> Vec<u8> {
    let mut bytes = frame.build();
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

fn contradiction(a: &mut Attempt<'_>) {
    let frame = pump().udp(43_002, OPEN);
    // Version 6, header of 16 bytes, total length within the header, twice.
    a.lost(edited(&frame, 14, &[0x65]));
    a.lost(edited(&frame, 14, &[0x4f]));
    a.lost(edited(&frame, 14, &[0x44]));
    a.lost(edited(&frame, 16, &[0, 19]));
}

fn cut(a: &mut Attempt<'_>) {
    let frame = pump().udp(43_003, OPEN);
    for length in [14, 20, 33, 40] {
        a.lost(frame.build()[..length].to_vec());
    }
    // A datagram that reaches beyond the frame.
    a.lost(edited(&frame, 16, &[0xff, 0xff]));
}

fn transport(a: &mut Attempt<'_>) {
    let short = segment(43_004, OPEN, SYN, 20);
    a.lost(pump().protocol(6, &short[..12]));
    let mut beyond = short.clone();
    beyond[12] = 0xf0;
    a.lost(pump().protocol(6, &beyond));
    let mut within = short;
    within[12] = 0x40;
    a.lost(pump().protocol(6, &within));
    a.lost(pump().protocol(17, &[0xa8, 0, 0x0e, 0x1d]));
    a.lost(edited(&pump().udp(43_004, OPEN), 38, &[0, 7]));
    a.lost(edited(&pump().udp(43_004, OPEN), 38, &[1, 0]));
    a.lost(pump().protocol(1, &[8, 0, 0, 0]));
}

fn sources(a: &mut Attempt<'_>) {
    let of_others = [
        "127.0.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "10.30.1.13",
        "8.8.8.8",
        SERVER4,
    ];
    for source in of_others {
        a.lost(frame(PUMP, SERVER).ip(source, SERVER4).udp(43_005, OPEN));
    }
}

fn land(a: &mut Attempt<'_>) {
    a.lost(
        frame(PUMP, SERVER)
            .ip(SERVER4, SERVER4)
            .tcp(OPEN, OPEN, SYN),
    );
    a.lost(frame(PUMP, SERVER).ip(SERVER4, SERVER4).icmp(8, 0, 1));
}

fn tunnels(a: &mut Attempt<'_>) {
    let inner = pump().tcp(43_006, 22, SYN).build();
    // IPv4 and IPv6 in IPv4, GRE, ESP, L2TP.
    for protocol in [4, 41, 47, 50, 115] {
        a.lost(pump().protocol(protocol, &inner[14..]));
    }
}

fn ttl(a: &mut Attempt<'_>) {
    for hops in [0, 1, 255] {
        a.through(pump().hop_limit(hops).udp(43_007, OPEN));
        a.lost(pump().hop_limit(hops).udp(43_007, 514));
    }
}

fn padding(a: &mut Attempt<'_>) {
    let mut bytes = pump().udp(43_008, OPEN).build();
    bytes.extend(b"a secret behind the datagram");
    a.through(bytes);
    let mut bytes = pump().udp(43_008, 514).build();
    bytes.extend(pump().udp(43_008, OPEN).build());
    a.lost(bytes);
}

/// An extension header of 8 bytes.
fn options(kind: u8) -> Extension {
    Extension::Options {
        kind,
        units: 0,
        fourth: 0,
    }
}

fn chain(headers: &[Extension]) -> PacketEnvelope {
    headers
        .iter()
        .fold(pump6(), |packet, header| packet.extension(*header))
}

const DESTINATION: u8 = 60;

fn nine(a: &mut Attempt<'_>) {
    a.lost(chain(&[options(DESTINATION); 9]).udp(44_000, OPEN));
    a.lost(chain(&[options(DESTINATION); 40]).udp(44_000, OPEN));
}

fn hop_by_hop(a: &mut Attempt<'_>) {
    a.lost(chain(&[options(DESTINATION), options(0)]).udp(44_001, OPEN));
    a.lost(chain(&[options(0), options(0)]).udp(44_001, OPEN));
}

fn routing(a: &mut Attempt<'_>) {
    let by_way_of = |kind_of_routing: u8| {
        let header = Extension::Options {
            kind: 43,
            units: 2,
            fourth: 1,
        };
        let mut bytes = chain(&[header]).udp(44_002, OPEN).build();
        bytes[56] = kind_of_routing;
        bytes
    };
    // Types 0, 2 (mobile), 3 (RPL) and 4 (segments).
    for kind in [0, 2, 3, 4] {
        a.lost(by_way_of(kind));
    }
}

fn six_cut(a: &mut Attempt<'_>) {
    let beyond = Extension::Options {
        kind: DESTINATION,
        units: 1,
        fourth: 0,
    };
    let mut bytes = chain(&[beyond]).protocol(17, &[]).build();
    bytes[55] = 200;
    a.lost(bytes);
}

fn jumbo(a: &mut Attempt<'_>) {
    let mut bytes = chain(&[options(0)]).udp(44_003, OPEN).build();
    bytes[18..20].fill(0);
    bytes[56..62].copy_from_slice(&[0xc2, 4, 0, 1, 0, 0]);
    a.lost(bytes);
}

fn first(more: bool) -> Extension {
    Extension::Fragment { offset: 0, more }
}

fn two_fragments(a: &mut Attempt<'_>) {
    a.lost(chain(&[first(false), first(false)]).udp(44_004, OPEN));
    a.lost(chain(&[first(true), first(true)]).protocol(17, &[7; 512]));
}

fn hidden(a: &mut Attempt<'_>) {
    // The first fragment is all options: the ports would come in the next.
    let long = Extension::Options {
        kind: DESTINATION,
        units: 127,
        fourth: 0,
    };
    a.lost(chain(&[first(true), long]).protocol(6, &[]));
    let later = Extension::Fragment {
        offset: 128,
        more: false,
    };
    a.lost(chain(&[later]).protocol(DESTINATION, &segment(44_005, 22, SYN, 20)));
    // Options before the fragment header count as headers, not as data.
    a.lost(chain(&[options(DESTINATION), first(true), long]).protocol(6, &[]));
}

fn atomic(a: &mut Attempt<'_>) {
    a.through(chain(&[first(false)]).udp(44_006, OPEN));
    a.lost(chain(&[first(false)]).udp(44_006, 514));
}

fn solicitation() -> Vec<u8> {
    let target = "fd00:30::1".parse::<std::net::Ipv6Addr>().unwrap();
    let mut message = vec![135, 0, 0, 0, 0, 0, 0, 0];
    message.extend(target.octets());
    message
}

fn nd_fragment(a: &mut Attempt<'_>) {
    let mut message = solicitation();
    message.resize(512, 0);
    let nd = |header| chain(&[header]).hop_limit(255);
    a.lost(nd(first(true)).protocol(58, &message));
    a.lost(nd(first(false)).protocol(58, &solicitation()));
}

fn nd_extension(a: &mut Attempt<'_>) {
    for kind in [0, DESTINATION] {
        let nd = chain(&[options(kind)]).hop_limit(255);
        a.lost(nd.protocol(58, &solicitation()));
    }
    a.lost(pump6().hop_limit(254).protocol(58, &solicitation()));
}

fn behind(a: &mut Attempt<'_>) {
    a.lost(chain(&[options(0), options(DESTINATION)]).tcp(44_007, 22, SYN));
    a.lost(chain(&[Extension::Authentication { words: 4 }]).tcp(44_007, 22, SYN));
    a.lost(chain(&[options(135)]).tcp(44_007, 22, SYN));
}

fn mapped(a: &mut Attempt<'_>) {
    let from = |source: &str, to: &str| frame(PUMP, SERVER).ip(source, to).udp(44_008, OPEN);
    a.lost(from("::ffff:10.30.1.12", "::ffff:10.30.1.1"));
    a.lost(from("::ffff:10.30.1.12", SERVER6));
    a.lost(from("fd00:30::c", "::ffff:10.30.1.1"));
}

fn six_contradiction(a: &mut Attempt<'_>) {
    a.lost(edited(&pump6().udp(44_009, OPEN), 14, &[0x40]));
    a.lost(edited(&pump6().udp(44_009, OPEN), 18, &[0xff, 0xff]));
    a.lost(pump6().udp(44_009, OPEN).build()[..50].to_vec());
}

fn six_land(a: &mut Attempt<'_>) {
    a.lost(
        frame(PUMP, SERVER)
            .ip(SERVER6, SERVER6)
            .tcp(OPEN, OPEN, SYN),
    );
}

fn six_tunnels(a: &mut Attempt<'_>) {
    let inner = pump().tcp(44_010, 22, SYN).build();
    // IPv4 and IPv6 in IPv6, GRE, nothing, and ICMP of the other family.
    for protocol in [4, 41, 47, 59, 1] {
        a.lost(pump6().protocol(protocol, &inner[14..]));
    }
}
