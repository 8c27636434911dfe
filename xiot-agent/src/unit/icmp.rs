//! ICMP and ICMPv6 types by name (IANA "ICMP Parameters" and "ICMPv6 Parameters").

/// Which of the two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Family {
    /// ICMP.
    V4,
    /// ICMPv6.
    V6,
}

/// A name, the type and the code; none: every code.
type Name = (&'static str, u8, Option<u8>);

const V4: [Name; 18] = [
    ("echo-reply", 0, None),
    ("destination-unreachable", 3, None),
    ("network-unreachable", 3, Some(0)),
    ("host-unreachable", 3, Some(1)),
    ("protocol-unreachable", 3, Some(2)),
    ("port-unreachable", 3, Some(3)),
    ("fragmentation-needed", 3, Some(4)),
    ("administratively-prohibited", 3, Some(13)),
    ("source-quench", 4, None),
    ("redirect", 5, None),
    ("echo-request", 8, None),
    ("router-advertisement", 9, None),
    ("router-solicitation", 10, None),
    ("time-exceeded", 11, None),
    ("parameter-problem", 12, None),
    ("timestamp-request", 13, None),
    ("timestamp-reply", 14, None),
    ("address-mask-request", 17, None),
];

const V6: [Name; 17] = [
    ("destination-unreachable", 1, None),
    ("no-route", 1, Some(0)),
    ("administratively-prohibited", 1, Some(1)),
    ("address-unreachable", 1, Some(3)),
    ("port-unreachable", 1, Some(4)),
    ("packet-too-big", 2, None),
    ("time-exceeded", 3, None),
    ("parameter-problem", 4, None),
    ("echo-request", 128, None),
    ("echo-reply", 129, None),
    ("listener-query", 130, None),
    ("listener-report", 131, None),
    ("listener-done", 132, None),
    ("router-solicitation", 133, None),
    ("router-advertisement", 134, None),
    ("neighbour-solicitation", 135, None),
    ("neighbour-advertisement", 136, None),
];

impl Family {
    const fn table(self) -> &'static [Name] {
        match self {
            Self::V4 => &V4,
            Self::V6 => &V6,
        }
    }

    /// Every known name.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        self.table().iter().map(|(name, ..)| *name)
    }

    /// The type of an answer to an echo request.
    pub const fn echo_reply(self) -> u8 {
        match self {
            Self::V4 => 0,
            Self::V6 => 129,
        }
    }

    /// What its messages are called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::V4 => "ICMP",
            Self::V6 => "ICMPv6",
        }
    }

    /// Reads type and code (none: every code): a name, a number or `type/code`.
    pub fn parse(self, text: &str) -> Option<(u8, Option<u8>)> {
        let named = self.table().iter().find(|(name, ..)| *name == text);
        named
            .map(|(_, kind, code)| (*kind, *code))
            .or_else(|| numbers(text))
    }

    /// The name of a type, else its numbers.
    pub fn format(self, kind: u8, code: Option<u8>) -> String {
        let known = self
            .table()
            .iter()
            .find(|(_, known, its_code)| *known == kind && *its_code == code);
        match (known, code) {
            (Some((name, ..)), _) => (*name).to_owned(),
            (None, Some(code)) => format!("{kind}/{code}"),
            (None, None) => kind.to_string(),
        }
    }
}

fn numbers(text: &str) -> Option<(u8, Option<u8>)> {
    let number = |text: &str| -> Option<u8> {
        let digits = text.chars().all(|c| c.is_ascii_digit());
        text.parse().ok().filter(|_| digits)
    };
    match text.split_once('/') {
        None => Some((number(text)?, None)),
        Some((kind, code)) => Some((number(kind)?, Some(number(code)?))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for family in [Family::V4, Family::V6] {
            for (name, kind, code) in family.table() {
                assert_eq!(family.parse(name), Some((*kind, *code)));
                assert_eq!(family.format(*kind, *code), *name);
            }
        }
    }

    #[test]
    fn numbers_stand_for_themselves() {
        assert_eq!(Family::V4.parse("3/4"), Some((3, Some(4))));
        assert_eq!(Family::V4.parse("200"), Some((200, None)));
        assert_eq!(Family::V4.format(200, Some(1)), "200/1");
        for text in ["", "/", "3/", "256", "3/256", "+3", "ping"] {
            assert_eq!(Family::V4.parse(text), None, "{text}");
        }
    }
}
