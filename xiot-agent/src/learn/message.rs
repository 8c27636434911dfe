//! Messages that say what devices are and what they were told: DNS answers, DHCP requests, LLDP. Whatever is in them others wrote: only what has the form
//! of a host name, a URL or a word is taken.

use std::net::IpAddr;

use dhcproto::{Decodable as _, v4, v6};
use hickory_proto::op::{Message, MessageType, ResponseCode};

/// Options that carry a MUD URL (RFC 8520, 10): of DHCP, of its version for IPv6.
const MUD_URL_V4: u8 = 161;
const MUD_URL_V6: u16 = 112;

/// Its TLV in LLDP (RFC 8520, 12): organizationally specific, of IANA, subtype 1.
const ORGANIZATION: u8 = 127;
const IANA_MUD: [u8; 4] = [0x00, 0x00, 0x5e, 1];

/// Longest of each (RFC 8520, 10: what fits an option).
const MOST_BYTES: usize = 255;

/// What a device says of itself.
#[derive(Clone, Debug, Default, Eq, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Described {
    /// Where its maker describes it.
    pub mud_url: Option<String>,
    /// Its host name.
    pub host: Option<String>,
    /// Its vendor class.
    pub class: Option<String>,
}

impl Described {
    /// What it said later counts more.
    pub fn join(&mut self, later: Self) {
        self.mud_url = later.mud_url.or_else(|| self.mud_url.take());
        self.host = later.host.or_else(|| self.host.take());
        self.class = later.class.or_else(|| self.class.take());
    }

    /// Whether it said nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The name that a DNS server was asked for and its addresses; none where it has none, or the message is none. RFC 1035, 4.
pub fn dns_answer(message: &[u8]) -> Option<(String, Vec<IpAddr>)> {
    let message = Message::from_vec(message).ok()?;
    let [query] = message.queries() else {
        return None;
    };
    let is_answer = message.message_type() == MessageType::Response
        && message.response_code() == ResponseCode::NoError;
    let name = query.name().to_ascii().to_ascii_lowercase();
    let name = name.strip_suffix('.').unwrap_or(&name);
    let addresses: Vec<IpAddr> = message
        .answers()
        .iter()
        .filter_map(|record| {
            let data = record.data();
            let v4 = data.as_a().map(|address| address.0.into());
            v4.or_else(|| data.as_aaaa().map(|address| address.0.into()))
        })
        .collect();
    let is_name = !name.is_empty()
        && name.len() <= MOST_BYTES
        && name
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"-_.".contains(&it));
    (is_answer && is_name && !addresses.is_empty()).then(|| (name.to_owned(), addresses))
}

/// What a DHCP client says (RFC 2131, 2132).
pub fn dhcp(message: &[u8]) -> Described {
    let Ok(message) = v4::Message::from_bytes(message) else {
        return Described::default();
    };
    let options = message.opts();
    let mut described = Described::default();
    if let Some(v4::DhcpOption::Unknown(option)) = options.get(MUD_URL_V4.into()) {
        described.mud_url = url(option.data());
    }
    if let Some(v4::DhcpOption::Hostname(name)) = options.get(v4::OptionCode::Hostname) {
        described.host = word(name.as_bytes());
    }
    if let Some(v4::DhcpOption::ClassIdentifier(class)) =
        options.get(v4::OptionCode::ClassIdentifier)
    {
        described.class = word(class);
    }
    described
}

/// What a DHCPv6 client says (RFC 8415).
pub fn dhcpv6(message: &[u8]) -> Described {
    let Ok(message) = v6::Message::from_bytes(message) else {
        return Described::default();
    };
    let mud_url = message.opts().iter().find_map(|option| {
        if let v6::DhcpOption::Unknown(option) = option
            && option.code() == MUD_URL_V6.into()
        {
            url(option.data())
        } else {
            None
        }
    });
    Described {
        mud_url,
        ..Described::default()
    }
}

/// What a device says in LLDP (IEEE 802.1AB, 9): the whole frame, with one tag or two or none.
pub fn lldp(frame: &[u8]) -> Described {
    let mut at = 12;
    while matches!(frame.get(at..at + 2), Some([0x81, 0x00] | [0x88, 0xa8])) {
        at += 4;
    }
    let mut rest = frame.get(at + 2..).unwrap_or_default();
    let mut described = Described::default();
    // Type in seven bits, length in nine.
    while let [first, second, after @ ..] = rest
        && let Some(value) = after.get(..usize::from(first & 1) << 8 | usize::from(*second))
    {
        match (first >> 1, value) {
            (0, _) => break,
            (5, name) => described.host = word(name),
            (ORGANIZATION, [a, b, c, d, value @ ..]) if [*a, *b, *c, *d] == IANA_MUD => {
                described.mud_url = url(value);
            }
            _ => {}
        }
        rest = after.get(value.len()..).unwrap_or_default();
    }
    described
}

fn word(bytes: &[u8]) -> Option<String> {
    let text = str::from_utf8(bytes).ok()?.trim_matches(['\0', ' ']);
    let is_word = !text.is_empty()
        && text.len() <= MOST_BYTES
        && text.bytes().all(|it| it.is_ascii_graphic() || it == b' ');
    is_word.then(|| text.to_owned())
}

/// A URL by `https` (RFC 8520, 1.5). What may follow behind a space means nothing yet (10).
fn url(bytes: &[u8]) -> Option<String> {
    let url = bytes.split(|byte| *byte == b' ').next()?;
    word(url).filter(|url| url.starts_with("https://"))
}

#[cfg(test)]
mod tests {
    use dhcproto::Encodable as _;
    use hickory_proto::rr::{Name, RData, Record, rdata};

    use super::*;

    fn answer(name: &str) -> Message {
        let mut message = Message::new();
        let name = Name::from_ascii(name).unwrap();
        message.set_message_type(MessageType::Response);
        message.add_query(hickory_proto::op::Query::query(
            name.clone(),
            hickory_proto::rr::RecordType::A,
        ));
        let alias = Name::from_ascii("edge.cdn.example.").unwrap();
        message.add_answer(Record::from_rdata(
            name,
            60,
            RData::CNAME(rdata::CNAME(alias.clone())),
        ));
        message.add_answer(Record::from_rdata(
            alias.clone(),
            60,
            RData::A(rdata::A([192, 0, 2, 7].into())),
        ));
        message.add_answer(Record::from_rdata(
            alias,
            60,
            RData::AAAA(rdata::AAAA("2001:db8::7".parse().unwrap())),
        ));
        message
    }

    #[test]
    fn an_answer_names_what_was_asked_for() {
        let message = answer("Cloud.Vendor.example.");
        let (name, addresses) = dns_answer(&message.to_vec().unwrap()).unwrap();
        assert_eq!(name, "cloud.vendor.example");
        assert_eq!(
            addresses,
            [
                "192.0.2.7".parse::<IpAddr>().unwrap(),
                "2001:db8::7".parse().unwrap()
            ]
        );
    }

    #[test]
    fn what_is_no_answer_names_nothing() {
        let mut question = answer("a.example.");
        question.set_message_type(MessageType::Query);
        let mut refused = answer("a.example.");
        refused.set_response_code(ResponseCode::Refused);
        let mut empty = answer("a.example.");
        empty.take_answers();
        for message in [question, refused, empty] {
            assert_eq!(dns_answer(&message.to_vec().unwrap()), None);
        }
        let whole = answer("a.example.").to_vec().unwrap();
        for length in 0..whole.len() {
            assert_eq!(dns_answer(&whole[..length]), None, "{length}");
        }
    }

    #[test]
    fn a_client_says_where_it_is_described() {
        let mut message = v4::Message::default();
        let options = message.opts_mut();
        options.insert(v4::DhcpOption::Hostname("pump-12".to_owned()));
        options.insert(v4::DhcpOption::ClassIdentifier(b"Vendor:Pump".to_vec()));
        options.insert(v4::DhcpOption::Unknown(v4::UnknownOption::new(
            v4::OptionCode::from(MUD_URL_V4),
            b"https://vendor.example/pump.json".to_vec(),
        )));
        assert_eq!(
            dhcp(&message.to_vec().unwrap()),
            Described {
                mud_url: Some("https://vendor.example/pump.json".to_owned()),
                host: Some("pump-12".to_owned()),
                class: Some("Vendor:Pump".to_owned()),
            }
        );
        let mut message = v6::Message::new(v6::MessageType::Solicit);
        message
            .opts_mut()
            .insert(v6::DhcpOption::Unknown(v6::UnknownOption::new(
                v6::OptionCode::from(MUD_URL_V6),
                b"https://vendor.example/6".to_vec(),
            )));
        assert_eq!(
            dhcpv6(&message.to_vec().unwrap()).mud_url.as_deref(),
            Some("https://vendor.example/6")
        );
    }

    #[test]
    fn lldp_is_read_up_to_its_end() {
        let tlv = |kind: u8, value: &[u8]| {
            let length = u16::try_from(value.len()).unwrap();
            let head = (u16::from(kind) << 9 | length).to_be_bytes();
            [&head, value].concat()
        };
        let url = [&IANA_MUD[..], b"https://vendor.example/tv"].concat();
        let body = [
            tlv(1, &[4; 7]),
            tlv(5, b"tv-lobby"),
            tlv(127, b"\x00\x12\x0f\x01"),
            tlv(127, &url),
            tlv(0, &[]),
            tlv(5, b"not any more"),
        ]
        .concat();
        for tags in [
            &[][..],
            &[0x81, 0, 0, 30],
            &[0x88, 0xa8, 0, 100, 0x81, 0, 0, 30],
        ] {
            let frame = [&[0; 12], tags, &[0x88, 0xcc], &body].concat();
            let found = lldp(&frame);
            assert_eq!(found.mud_url.as_deref(), Some("https://vendor.example/tv"));
            assert_eq!(found.host.as_deref(), Some("tv-lobby"));
        }
        for length in 0..body.len() {
            drop(lldp(
                &[&[0; 12][..], &[0x88, 0xcc], &body[..length]].concat(),
            ));
        }
    }

    #[test]
    fn what_has_not_its_form_is_not_taken() {
        assert_eq!(word(b"pump\n12"), None);
        assert_eq!(word(b""), None);
        assert_eq!(word("pümp".as_bytes()), None);
        assert_eq!(url(b"http://vendor.example/"), None);
        assert_eq!(url(b" https://vendor.example/a"), None);
        assert_eq!(
            url(b"https://vendor.example/a \x01 more").as_deref(),
            Some("https://vendor.example/a")
        );
        assert_eq!(url(&[b'h'; 300]), None);
        let mut before = Described {
            host: Some("a".to_owned()),
            ..Described::default()
        };
        before.join(Described {
            class: Some("b".to_owned()),
            ..Described::default()
        });
        assert_eq!(
            (before.host.as_deref(), before.class.as_deref()),
            (Some("a"), Some("b"))
        );
    }
}
