//! How often a frame looks into maps: of every path through the entry the one that does so most often. Paths that a configuration
//! cuts off are among them; what the entry calls is not counted.

use std::collections::HashMap;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use xiot_agent::datapath;

/// The entry.
const ENTRY: &str = "xiot";
/// Lookups on any path through it at most: as many as there were when it was written down. Three of them only for what comes from a DNS
/// server's port.
const MOST: usize = 18;

const CALL: u8 = 0x85;
const EXIT: u8 = 0x95;
const ALWAYS: u8 = 0x05;
/// Jumps, of words and of their halves.
const JUMPS: [u8; 2] = [0x05, 0x06];
/// A constant that takes two instructions.
const WIDE: u8 = 0x18;
/// The helper that looks into a map.
const LOOKUP: u32 = 1;

/// One instruction: a word.
#[derive(Clone, Copy, Debug)]
struct Instruction([u8; 8]);

impl Instruction {
    const fn code(self) -> u8 {
        self.0[0]
    }

    /// A call of a helper, not of a function of ours.
    fn is_lookup(self) -> bool {
        let [.., a, b, c, d] = self.0;
        let helper = self.0[1] >> 4 == 0;
        self.code() == CALL && helper && u32::from_le_bytes([a, b, c, d]) == LOOKUP
    }

    /// Where it goes on, from this place.
    fn next(self, at: usize) -> Vec<usize> {
        let target = || {
            let offset = i16::from_le_bytes([self.0[2], self.0[3]]);
            (at + 1)
                .checked_add_signed(isize::from(offset))
                .expect("within the function")
        };
        match self.code() {
            EXIT => Vec::new(),
            ALWAYS => vec![target()],
            WIDE => vec![at + 2],
            CALL => vec![at + 1],
            code if JUMPS.contains(&(code & 7)) => vec![at + 1, target()],
            _ => vec![at + 1],
        }
    }
}

#[test]
fn the_entry_looks_into_few_maps() {
    let body = function(ENTRY);
    let found = lookups(&body, 0, &mut HashMap::new());
    println!(
        "{ENTRY}: {found} lookups, {} instructions in all",
        body.len()
    );
    assert!(found > 0, "it looks into no map at all");
    assert!(
        found <= MOST,
        "it looks into maps {found} times on some path, {MOST} were recorded"
    );
}

/// Lookups from this place on, on the path that has most.
fn lookups(body: &[Instruction], at: usize, known: &mut HashMap<usize, Option<usize>>) -> usize {
    match known.get(&at) {
        Some(Some(found)) => return *found,
        Some(None) => {
            panic!("there is a loop at instruction {at}: its lookups cannot be counted so")
        }
        None => {}
    }
    known.insert(at, None);
    let own = usize::from(body[at].is_lookup());
    let rest = body[at].next(at).into_iter();
    let found = own
        + rest
            .map(|next| lookups(body, next, known))
            .max()
            .unwrap_or(0);
    known.insert(at, Some(found));
    found
}

/// The instructions of a function of the object that is built in.
fn function(name: &str) -> Vec<Instruction> {
    let file = object::File::parse(datapath::object()).expect("an object file");
    let symbol = file
        .symbols()
        .find(|symbol| symbol.name() == Ok(name) && symbol.size() > 0)
        .unwrap_or_else(|| panic!("there is no function {name}"));
    let section = symbol.section_index().expect("it is in one");
    let section = file.section_by_index(section).expect("it is there");
    let bytes = section
        .data_range(symbol.address(), symbol.size())
        .expect("it can be read")
        .expect("it is within the section");
    let words = bytes.chunks_exact(8);
    words
        .map(|word| Instruction(word.try_into().expect("eight bytes")))
        .collect()
}
