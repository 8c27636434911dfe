//! The digest of an image: which policy a slot holds, and whether it arrived whole.
//!
//! A hash of hashes: where two images share chunks of lines, those are hashed once.

use sha2::{Digest as _, Sha256};
use xiot_common::image::Line;

/// Lines in a chunk.
pub(super) const CHUNK: usize = 256;

/// Lines hashed per call: their bytes stay in the first-level cache.
const BATCH: usize = 64;

/// SHA-256.
pub(super) type Hash = [u8; 32];

/// SHA-256 over the SHA-256 of each 256 of these lines (of the last: of what is left), as they lie in memory.
pub fn digest(lines: &[Line]) -> Hash {
    of_chunks(lines.chunks(CHUNK).map(of_chunk))
}

/// Of the lines of a chunk.
pub(super) fn of_chunk(lines: &[Line]) -> Hash {
    let mut hash = Sha256::new();
    let mut bytes = [0; BATCH * size_of::<Line>()];
    for batch in lines.chunks(BATCH) {
        // Arrays of known size: this is a copy, where iterators over words took longer than the hash.
        for (line, to) in batch.iter().zip(bytes.as_chunks_mut::<64>().0) {
            for (word, to) in line.0.iter().zip(to.as_chunks_mut::<8>().0) {
                *to = word.to_ne_bytes();
            }
        }
        hash.update(&bytes[..size_of_val(batch)]);
    }
    hash.finalize().into()
}

/// Of what [`of_chunk`] gave for each chunk.
pub(super) fn of_chunks(hashes: impl Iterator<Item = Hash>) -> Hash {
    let mut whole = Sha256::new();
    hashes.for_each(|hash| whole.update(hash));
    whole.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_hash_of_the_hashes_of_chunks_and_every_bit_counts() {
        let mut lines: Vec<_> = (0..2 * CHUNK as u64 + 3).map(|n| Line([n; 8])).collect();
        let bytes: Vec<u8> = lines
            .iter()
            .flat_map(|line| line.0)
            .flat_map(u64::to_ne_bytes)
            .collect();
        let hashes: Vec<u8> = bytes
            .chunks(CHUNK * size_of::<Line>())
            .flat_map(Sha256::digest)
            .collect();
        let whole = digest(&lines);
        assert_eq!(whole, <Hash>::from(Sha256::digest(hashes)));
        lines[2 * CHUNK].0[3] ^= 1 << 40;
        assert_ne!(digest(&lines), whole);
    }
}
