//! IP protocols by name (IANA "Assigned Internet Protocol Numbers").

/// Protocols that occur in front of devices, by the names that people use.
pub const NAMES: [(&str, u8); 20] = [
    ("icmp", 1),
    ("igmp", 2),
    ("ipip", 4),
    ("tcp", 6),
    ("egp", 8),
    ("udp", 17),
    ("ipv6", 41),
    ("rsvp", 46),
    ("gre", 47),
    ("esp", 50),
    ("ah", 51),
    ("icmpv6", 58),
    ("eigrp", 88),
    ("ospf", 89),
    ("pim", 103),
    ("ipcomp", 108),
    ("vrrp", 112),
    ("l2tp", 115),
    ("sctp", 132),
    ("udplite", 136),
];

/// Reads a name or a number from 0 to 255.
pub fn parse(text: &str) -> Option<u8> {
    NAMES
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, number)| *number)
        .or_else(|| {
            let digits = text.chars().all(|c| c.is_ascii_digit());
            text.parse().ok().filter(|_| digits)
        })
}

/// The name of a protocol, else its number.
pub fn format(number: u8) -> String {
    NAMES
        .iter()
        .find(|(_, known)| *known == number)
        .map_or_else(|| number.to_string(), |(name, _)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_go_both_ways() {
        for (name, number) in NAMES {
            assert_eq!(parse(name), Some(number));
            assert_eq!(parse(&number.to_string()), Some(number));
            assert_eq!(format(number), name);
        }
        assert_eq!(format(200), "200");
    }

    #[test]
    fn what_is_no_protocol_is_refused() {
        for text in ["", "256", "-1", "+6", "TCP", "6.0", "any"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
