//! What a router changes in a frame that it forwards (docs/judgement.md section 12.7).

use super::frame::Mac;

/// Bytes of an Ethernet header without tags.
pub(super) const ETHERNET: usize = 14;

/// The frame as it leaves: with these MACs and one hop less. Routed frames have no tags.
pub(super) fn forwarded(bytes: &[u8], is_v4: bool, source: Mac, destination: Mac) -> Vec<u8> {
    let mut out = bytes.to_vec();
    out[..6].copy_from_slice(&destination);
    out[6..12].copy_from_slice(&source);
    let packet = &mut out[ETHERNET..];
    if is_v4 {
        let before = word(packet, 8);
        packet[8] -= 1;
        let checksum = updated(word(packet, 10), before, word(packet, 8));
        packet[10..12].copy_from_slice(&checksum.to_be_bytes());
    } else {
        packet[7] -= 1;
    }
    out
}

fn word(bytes: &[u8], at: usize) -> u16 {
    u16::from_be_bytes([bytes[at], bytes[at + 1]])
}

/// A checksum after one word of what it sums changed (RFC 1624, equation 3).
fn updated(checksum: u16, before: u16, after: u16) -> u16 {
    let sum = u32::from(!checksum) + u32::from(!before) + u32::from(after);
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    !u16::try_from(folded).expect("folded twice")
}

#[cfg(test)]
mod tests {
    use super::{forwarded, updated};

    #[test]
    fn the_example_of_rfc_1624_comes_out() {
        assert_eq!(updated(0xdd2f, 0x5555, 0x3285), 0x0000);
    }

    #[test]
    fn a_right_checksum_stays_right() {
        for ttl in 2..=255 {
            for identification in [0, 1, 0xb1e6, 0xb1e5, 0xffff] {
                let mut header =
                    etherparse::Ipv4Header::new(8, ttl, 17.into(), [10, 0, 0, 1], [10, 0, 0, 2])
                        .expect("a short packet");
                header.identification = identification;
                header.header_checksum = header.calc_header_checksum();
                let mut bytes = vec![0; 14];
                header.write(&mut bytes).expect("a vector takes all");
                let out = forwarded(&bytes, true, [2; 6], [4; 6]);
                header.time_to_live -= 1;
                header.header_checksum = header.calc_header_checksum();
                let mut expected = [[4; 6], [2; 6]].concat();
                expected.extend([0, 0]);
                header.write(&mut expected).expect("a vector takes all");
                assert_eq!(out, expected, "TTL {ttl}");
            }
        }
    }
}
