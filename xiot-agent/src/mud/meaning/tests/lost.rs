//! What becomes of entries that no rule can say, of files as a whole, and of files that were published.

use serde_json::{Value, json};

use super::{super::*, check, file, local, port, said, with};
use crate::mud::published;

/// An entry of this kind of list comes to nothing, for this reason.
#[track_caller]
fn one(kind: &'static str, entry: Value, reason: &str) {
    let (found, lost) = said(&file(&[(kind, entry)], &[]));
    assert_eq!(found, [""; 0], "{reason}");
    assert_eq!(lost, [format!("from-0 of from-0: {reason}")]);
}

#[test]
fn what_can_not_be_expressed_says_why() {
    one(
        "ethernet",
        json!({"eth": {"ethertype": "0x888e"}}),
        "frames of type 0x888e are no matter of profiles: `ethertypes` of a wire in gateway.yaml lets types from 0x0600 on pass",
    );
    one(
        "ethernet",
        local(),
        "frames of type any are no matter of profiles: `ethertypes` of a wire in gateway.yaml lets types from 0x0600 on pass",
    );
    one(
        "ipv4",
        json!({"ipv4": {"ttl": 1, "protocol": 17}}),
        "`ttl` is a condition that rules do not have",
    );
    one(
        "ipv4",
        json!({"tcp": {"flags": "syn"}}),
        "`flags` is a condition that rules do not have",
    );
    one(
        "ipv4",
        json!({"l9": {}}),
        "`l9` is a condition that rules do not have",
    );
    one(
        "ipv4",
        json!({"action": "mirror"}),
        "`mirror` is no way to treat a frame",
    );
}

#[test]
fn other_sides_and_headers_that_can_not_be_expressed_say_why() {
    let dst = |network: &str| json!({"destination-ipv4-network": network});
    one(
        "ipv6",
        json!({"ipv6": {"protocol": 44}}),
        "44 is an extension header of IPv6 and no protocol of what it carries: no packet has it (RFC 8519)",
    );
    one(
        "ipv4",
        json!({"ipv4": {"source-ipv4-network": "10.0.0.1/32"}}),
        "it is about the device's own address: `ip` of the device binds that",
    );
    one(
        "ipv4",
        json!({"ipv4": dst("10.0.0.1/33")}),
        "`10.0.0.1/33` is not a network",
    );
    one(
        "ipv4",
        json!({"ipv4": dst("10.0.0.1/32"), "ietf-mud:mud": {"local-networks": [null]}}),
        "the other side is to be several things at once: 10.0.0.1/32 and local-networks",
    );
    one(
        "ipv4",
        json!({"ietf-mud:mud": {"controller": "urn:x", "my-controller": [null]}}),
        "the other side is to be several things at once: urn:x and my-controller",
    );
    one(
        "ipv4",
        json!({"ipv4": {"ietf-acldns:dst-dnsname": "*.vendor.com"}}),
        "`*.vendor.com` is not the name of a single host",
    );
    one(
        "ipv4",
        json!({"ietf-mud:mud": {"controller": "urn:x\nonboarding:"}}),
        "`urn:x\nonboarding:` is no URL, URI or host, as is wanted there",
    );
    one(
        "ipv4",
        json!({"ietf-mud:mud": {"model": "vendor"}}),
        "`vendor` is no URL, URI or host, as is wanted there",
    );
    one(
        "ipv4",
        json!({"eth": {"destination-mac-address": "00:00:5e:00:01:01"}}),
        "rules know no MAC addresses: 00:00:5e:00:01:01",
    );
    one(
        "ipv4",
        json!({"ipv6": {}}),
        "no frame is of IPv4 and of IPv6",
    );
    one(
        "ipv4",
        json!({"ipv4": {"protocol": 17}, "tcp": {}}),
        "no frame is of two protocols",
    );
    one(
        "ipv4",
        json!({"ipv4": {"protocol": 47, "destination-port": {"port": 1}}}),
        "no frame is with ports and neither TCP nor UDP",
    );
    one(
        "ipv4",
        json!({"udp": {"destination-port": {"operator": "eq", "port": 0}}}),
        "`eq 0` are no ports",
    );
    one(
        "ipv4",
        json!({"icmp": {"code": 1}}),
        "a code of ICMP without its type",
    );
}

#[test]
fn what_files_as_a_whole_say_is_not_lost() {
    let mut file = file(&[], &[]);
    file.mud.extensions.push("reporter".to_owned());
    file.mud.unknown.insert("nist-mud:x".to_owned(), json!({}));
    let name = crate::mud::file::Name {
        name: "gone".to_owned(),
    };
    file.mud
        .to_device_policy
        .access_lists
        .access_list
        .push(name);
    let other = super::file(&[("ipv4", json!({}))], &[]);
    file.acls.acl.extend(other.acls.acl);
    let (found, lost) = said(&file);
    assert_eq!(found, [""; 0]);
    assert_eq!(
        lost,
        [
            "`nist-mud:x` is an extension that is not known here",
            "the file says that it needs the extension `reporter`, which is not known here",
            "list gone: the file has no list of this name, though its policy of what is sent to the device names it",
            "list from-0: no policy of the file names this list: it says nothing",
        ]
    );
    file.mud.url = "http://vendor.example.com/".to_owned();
    assert_eq!(meaning(&file), Err(MudUrlError::Scheme));
}

#[test]
fn dns_and_ntp_are_allowed_unless_an_entry_denies_them() {
    let all = |file: &File| -> Vec<_> { meaning(file).unwrap().conversations.iter().collect() };
    let class = |class: &str, number: u16| {
        let mut entry = with(
            json!({"ietf-mud:mud": {"controller": class}}),
            "udp",
            port("destination", number),
        );
        entry.1["action"] = json!("drop");
        entry
    };
    assert_eq!(all(&file(&[], &[])).len(), 3);
    assert_eq!(all(&file(&[class(DNS, 53)], &[])), [ntp()]);
    assert_eq!(all(&file(&[class(NTP, 123)], &[])).len(), 2);
    assert_eq!(all(&file(&[class(NTP, 124)], &[])).len(), 3);
    assert_eq!(
        all(&file(&[("ipv4", json!({"action": "reject"}))], &[])),
        []
    );
}

#[test]
fn what_is_denied_before_it_is_allowed_is_told() {
    let deny = (
        "ipv4",
        json!({"ietf-mud:mud": {"my-controller": [null]}, "action": "drop"}),
    );
    let allow = ("ipv4", local());
    check(
        &[deny.clone(), allow.clone()],
        &[],
        &["Device LocalNetworks Any"],
        &[
            "from-0 of from-0: it denies, and entries after it allow: a profile has no exceptions, and what these entries allow it allows whole",
        ],
    );
    check(&[allow, deny], &[], &["Device LocalNetworks Any"], &[]);
}

/// What published files have that is no conversation: reason, and how many entries of all files.
const KNOWN: &[(&str, usize)] = &[
    ("0 is an extension header of IPv6", 10),
    ("44 is an extension header of IPv6", 1),
    ("frames of type 0x0006 are no matter of profiles", 16),
    ("frames of type 0x888e are no matter of profiles", 17),
    ("rules know no source ports", 10),
    ("`ietf-mud-reporter-extension:reporter` is an extension", 1),
    ("`nist-mud:quarantined-device-policy` is an extension", 2),
];

#[test]
fn of_published_files_nothing_is_lost_but_what_is_known() {
    let files = published::read();
    if files.is_empty() {
        return;
    }
    let mut counts = vec![0; KNOWN.len()];
    for (path, file) in files {
        let meaning = meaning(&file).unwrap();
        assert!(meaning.conversations.len() >= 4, "{path}");
        for one in meaning.unexpressed {
            let reason = one.reason.to_string();
            let known = KNOWN
                .iter()
                .position(|(known, _)| reason.starts_with(known));
            let known = known.unwrap_or_else(|| panic!("{path}: {one}"));
            counts[known] += 1;
            assert_eq!(one.kept, reason.contains("source ports"), "{path}: {one}");
        }
    }
    let known: Vec<_> = KNOWN.iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, known, "{KNOWN:?}");
}
