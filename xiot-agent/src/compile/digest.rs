//! The digest of an image: which policy a slot holds, and whether it arrived whole.

use sha2::{Digest as _, Sha256};
use xiot_common::image::Line;

/// Lines hashed per call: their bytes stay in the first-level cache.
const CHUNK: usize = 64;

/// SHA-256 over the bytes of these lines as they lie in memory.
pub fn digest(lines: &[Line]) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut bytes = [0; CHUNK * size_of::<Line>()];
    for chunk in lines.chunks(CHUNK) {
        let words = chunk.iter().flat_map(|line| line.0);
        for (to, word) in bytes.chunks_exact_mut(size_of::<u64>()).zip(words) {
            to.copy_from_slice(&word.to_ne_bytes());
        }
        hash.update(&bytes[..size_of_val(chunk)]);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bit_counts_and_chunks_do_not_show() {
        let mut lines: Vec<_> = (0..2 * CHUNK as u64 + 3).map(|n| Line([n; 8])).collect();
        let bytes: Vec<u8> = lines
            .iter()
            .flat_map(|line| line.0)
            .flat_map(u64::to_ne_bytes)
            .collect();
        let whole = digest(&lines);
        assert_eq!(whole, <[u8; 32]>::from(Sha256::digest(bytes)));
        lines[2 * CHUNK].0[3] ^= 1 << 40;
        assert_ne!(digest(&lines), whole);
    }
}
