//! Changes to real frames: blind ones, and such as know where headers are.

use xiot_tests::generate::Dice;

use crate::SHORTEST;

/// Bytes in which headers are.
const HEADERS: usize = 120;

/// Values that lengths, offsets and ports are wrong at.
const EDGES: [u16; 12] = [0, 1, 4, 5, 7, 8, 20, 40, 0x1fff, 0x7fff, 0x8000, 0xffff];

/// The frames that take this one's place; none where it is lost.
pub(crate) fn mutate(dice: &mut Dice, frame: &[u8], other: &[u8]) -> Vec<Vec<u8>> {
    let mut frame = frame.to_vec();
    match dice.below(100) {
        0..40 => return vec![frame],
        40..50 => bits(dice, &mut frame),
        50..58 => edge(dice, &mut frame),
        58..63 => length(dice, &mut frame),
        63..68 => splice(dice, &mut frame, other),
        68..74 => tags(dice, &mut frame),
        74..84 => return pieces(dice, &frame),
        84..90 => headers(dice, &mut frame),
        90..93 => return vec![frame.clone(), frame],
        93..95 => return Vec::new(),
        _ => answer(&mut frame),
    }
    vec![frame]
}

fn bits(dice: &mut Dice, frame: &mut [u8]) {
    for _ in 0..=dice.below(4) {
        let at = dice.below(frame.len().min(HEADERS));
        frame[at] ^= 1 << dice.below(8);
    }
}

fn edge(dice: &mut Dice, frame: &mut [u8]) {
    let at = 12 + dice.below(frame.len().min(HEADERS) - 13);
    let near = u16::try_from(frame.len()).unwrap_or(u16::MAX);
    let value = if dice.percent(30) {
        near.wrapping_sub(dice.word() % 64)
    } else {
        dice.pick(&EDGES)
    };
    if dice.percent(50) {
        frame[at..at + 2].copy_from_slice(&value.to_be_bytes());
    } else {
        frame[at] = value.to_be_bytes()[1];
    }
}

fn length(dice: &mut Dice, frame: &mut Vec<u8>) {
    if dice.percent(70) {
        frame.truncate(SHORTEST + dice.below(frame.len() - SHORTEST + 1));
    } else {
        frame.resize(frame.len() + 1 + dice.below(80), dice.byte());
    }
}

/// The head of one frame before the tail of another.
fn splice(dice: &mut Dice, frame: &mut Vec<u8>, other: &[u8]) {
    let at = dice.below(frame.len().min(other.len()).min(HEADERS));
    frame.truncate(at);
    frame.extend_from_slice(&other[at..]);
}

fn tags(dice: &mut Dice, frame: &mut Vec<u8>) {
    for _ in 0..=dice.below(3) {
        let kind = dice.pick(&[[0x81, 0], [0x81, 0], [0x88, 0xa8], [0x91, 0]]);
        let id = dice.pick(&[0_u16, 1, 20, 30, 4095]).to_be_bytes();
        frame.splice(12..12, [kind[0], kind[1], id[0], id[1]]);
    }
}

/// Both directions of a conversation look alike to it.
fn answer(frame: &mut [u8]) {
    let (to, from) = frame.split_at_mut(6);
    to.swap_with_slice(&mut from[..6]);
    let ip = match network(frame) {
        Some(Network::V4 { start, header }) => (start + 12, 4, start + header),
        Some(Network::V6 { start }) => (start + 8, 16, start + 40),
        None => return,
    };
    let (addresses, size, ports) = ip;
    swap(frame, addresses, size);
    swap(frame, ports, 2);
}

fn swap(frame: &mut [u8], at: usize, size: usize) {
    if let Some(both) = frame.get_mut(at..at + 2 * size) {
        let (first, second) = both.split_at_mut(size);
        first.swap_with_slice(second);
    }
}

/// Where an untagged frame has its IP header, whole.
#[derive(Clone, Copy)]
enum Network {
    V4 { start: usize, header: usize },
    V6 { start: usize },
}

fn network(frame: &[u8]) -> Option<Network> {
    const START: usize = 14;
    match (frame.get(12..14)?, *frame.get(START)?) {
        ([0x08, 0], first) if first >> 4 == 4 => {
            let header = usize::from(first & 15) * 4;
            (header >= 20 && frame.len() >= START + header).then_some(Network::V4 {
                start: START,
                header,
            })
        }
        ([0x86, 0xdd], first) if first >> 4 == 6 && frame.len() >= START + 40 => {
            Some(Network::V6 { start: START })
        }
        _ => None,
    }
}

/// Fragments of the packet: in order mostly, or with one doubled, lost, moved or out of order.
fn pieces(dice: &mut Dice, frame: &[u8]) -> Vec<Vec<u8>> {
    let (head, payload) = match network(frame) {
        Some(Network::V4 { start, header }) => frame.split_at(start + header),
        Some(Network::V6 { start }) => frame.split_at(start + 40),
        None => return vec![frame.to_vec()],
    };
    let smallest = if head[12..14] == [0x08, 0] { 48 } else { 512 };
    let size = smallest + 8 * dice.below(40);
    let mut parts: Vec<(usize, &[u8])> = payload.chunks(size).enumerate().collect();
    if parts.len() < 2 {
        // Real packets are small: as many bytes again make two of them.
        parts = vec![(0, payload), (1, payload)];
    }
    let last = parts.len() - 1;
    let mut cut: Vec<Vec<u8>> = parts
        .into_iter()
        .map(|(number, part)| piece(head, part, number * size / 8, number < last))
        .collect();
    let some = dice.below(cut.len());
    match dice.below(8) {
        0 => cut.reverse(),
        1 => cut.insert(some, cut[dice.below(cut.len())].clone()),
        2 => {
            cut.remove(some);
        }
        3 => bits(dice, &mut cut[some]),
        _ => {}
    }
    cut
}

/// One fragment: headers of the whole, lengths and offset of its own.
fn piece(head: &[u8], part: &[u8], offset: usize, more: bool) -> Vec<u8> {
    let offset = u16::try_from(offset).expect("a datagram's offset") & 0x1fff;
    let mut frame = head.to_vec();
    let length = |bytes: usize| {
        u16::try_from(bytes)
            .expect("a datagram's length")
            .to_be_bytes()
    };
    if head[12..14] == [0x08, 0] {
        frame[16..18].copy_from_slice(&length(head.len() - 14 + part.len()));
        let word = offset | if more { 0x2000 } else { 0 };
        frame[20..22].copy_from_slice(&word.to_be_bytes());
    } else {
        let [high, low] = (offset << 3 | u16::from(more)).to_be_bytes();
        let next = std::mem::replace(&mut frame[20], 44);
        frame[18..20].copy_from_slice(&length(part.len() + 8));
        frame.extend([next, 0, high, low, 0, 0, 0, 9]);
    }
    frame.extend_from_slice(part);
    frame
}

/// One extension header more, or an option.
fn headers(dice: &mut Dice, frame: &mut Vec<u8>) {
    match network(frame) {
        Some(Network::V6 { start }) => {
            let kind = dice.pick(&[0, 43, 44, 51, 60, 135]);
            let next = std::mem::replace(&mut frame[start + 6], kind);
            let words = dice.pick(&[0, 0, 0, 1, 2, 30]);
            frame.splice(start + 40..start + 40, [next, words, 0, 0, 0, 0, 0, 0]);
            grow(frame, start + 4);
        }
        Some(Network::V4 { start, header }) if header < 60 => {
            let option = dice.pick(&[[1, 1, 1, 0], [131, 4, 4, 0], [137, 3, 4, 0], [7, 1, 0, 0]]);
            frame[start] += 1;
            frame.splice(start + 20..start + 20, option);
            grow(frame, start + 2);
        }
        Some(Network::V4 { .. }) | None => bits(dice, frame),
    }
}

/// Makes the length at this place that of the frame.
fn grow(frame: &mut [u8], at: usize) {
    let rest = frame.len() - at - if frame[12] == 8 { 0 } else { 36 };
    let length = rest + if frame[12] == 8 { at - 14 } else { 0 };
    if let Ok(length) = u16::try_from(length) {
        frame[at..at + 2].copy_from_slice(&length.to_be_bytes());
    }
}
