//! The lines of an image. Copies share chunks of them until one is changed, so that an image that differs from another one in
//! few lines is made, hashed, written and kept at the cost of those.

use std::{
    ops::{Index, IndexMut},
    sync::{Arc, OnceLock},
    thread,
};

use xiot_common::image::Line;

use super::digest::{self, CHUNK, Hash};

/// Lines in order.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    /// All but the last are full, none is empty.
    chunks: Vec<Arc<Chunk>>,
    /// Of all lines, once somebody asked.
    digest: OnceLock<Hash>,
}

#[derive(Debug, Default)]
struct Chunk {
    lines: Vec<Line>,
    /// Of the lines, once somebody asked.
    hash: OnceLock<Hash>,
}

impl Clone for Chunk {
    /// For whoever is about to change it.
    fn clone(&self) -> Self {
        Self::of(&self.lines)
    }
}

impl Chunk {
    fn of(lines: &[Line]) -> Self {
        let mut all = Vec::with_capacity(CHUNK);
        all.extend_from_slice(lines);
        Self {
            lines: all,
            hash: OnceLock::new(),
        }
    }

    fn hash(&self) -> Hash {
        *self.hash.get_or_init(|| digest::of_chunk(&self.lines))
    }
}

/// Chunks that one thread hashes in less time than it takes to start another.
const FEW: usize = 64;

impl Lines {
    /// Number of lines.
    pub fn len(&self) -> usize {
        let last = self.chunks.last().map_or(0, |last| last.lines.len());
        self.chunks.len().saturating_sub(1) * CHUNK + last
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The line at this place.
    pub fn get(&self, place: usize) -> Option<&Line> {
        self.chunks.get(place / CHUNK)?.lines.get(place % CHUNK)
    }

    /// Every line.
    pub fn iter(&self) -> impl Iterator<Item = &Line> {
        self.chunks.iter().flat_map(|chunk| &chunk.lines)
    }

    /// Adds a line at the end.
    pub fn push(&mut self, line: Line) {
        match self.chunks.last() {
            Some(last) if last.lines.len() < CHUNK => {
                let last = self.chunks.len() - 1;
                self.chunk_mut(last).push(line);
            }
            Some(_) | None => {
                self.digest = OnceLock::new();
                self.chunks.push(Arc::new(Chunk::of(&[line])));
            }
        }
    }

    /// Takes the last line off.
    pub fn pop(&mut self) -> Option<Line> {
        let last = self.chunks.len().checked_sub(1)?;
        let line = self.chunk_mut(last).pop();
        if self.chunks[last].lines.is_empty() {
            self.chunks.pop();
        }
        line
    }

    /// The digest of all lines ([`digest::digest`]). Chunks that were hashed before are not hashed again.
    pub fn digest(&self) -> Hash {
        *self.digest.get_or_init(|| {
            self.hash_chunks();
            digest::of_chunks(self.chunks.iter().map(|chunk| chunk.hash()))
        })
    }

    /// Hashes the chunks that were not, on two threads if they are many.
    fn hash_chunks(&self) {
        let is_open = |chunk: &&Arc<Chunk>| chunk.hash.get().is_none();
        let open: Vec<_> = self.chunks.iter().filter(is_open).collect();
        if open.len() <= FEW {
            return;
        }
        let (one, other) = open.split_at(open.len() / 2);
        let hash_all = |chunks: &[&Arc<Chunk>]| {
            for chunk in chunks {
                chunk.hash();
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| hash_all(other));
            hash_all(one);
        });
    }

    /// The lines in chunks, each with the place of its first and whether `other` shares it: then the lines are the same ones.
    pub fn beside<'a>(
        &'a self,
        other: Option<&'a Self>,
    ) -> impl Iterator<Item = (usize, &'a [Line], bool)> {
        let known = other.map_or(&[] as &[_], |other| &other.chunks);
        self.chunks.iter().enumerate().map(|(place, chunk)| {
            let shared = known.get(place).is_some_and(|it| Arc::ptr_eq(it, chunk));
            (place * CHUNK, &*chunk.lines, shared)
        })
    }

    fn chunk_mut(&mut self, place: usize) -> &mut Vec<Line> {
        self.digest = OnceLock::new();
        let chunk = Arc::make_mut(&mut self.chunks[place]);
        chunk.hash = OnceLock::new();
        &mut chunk.lines
    }
}

impl Index<usize> for Lines {
    type Output = Line;

    fn index(&self, index: usize) -> &Line {
        &self.chunks[index / CHUNK].lines[index % CHUNK]
    }
}

impl IndexMut<usize> for Lines {
    fn index_mut(&mut self, index: usize) -> &mut Line {
        &mut self.chunk_mut(index / CHUNK)[index % CHUNK]
    }
}

impl PartialEq for Lines {
    fn eq(&self, other: &Self) -> bool {
        let mut both = self.chunks.iter().zip(&other.chunks);
        self.chunks.len() == other.chunks.len()
            && both.all(|(one, other)| Arc::ptr_eq(one, other) || one.lines == other.lines)
    }
}

impl Eq for Lines {}

impl From<Vec<Line>> for Lines {
    fn from(mut lines: Vec<Line>) -> Self {
        let mut chunks = Vec::with_capacity(lines.len().div_ceil(CHUNK));
        // From the end, so that the memory they are in goes as that of the chunks comes.
        while !lines.is_empty() {
            let start = (lines.len() - 1) / CHUNK * CHUNK;
            chunks.push(Arc::new(Chunk::of(&lines[start..])));
            lines.truncate(start);
            if chunks.len().is_multiple_of(SHED) {
                lines.shrink_to_fit();
            }
        }
        chunks.reverse();
        Self {
            chunks,
            digest: OnceLock::new(),
        }
    }
}

/// Chunks after which memory is given back: a few megabytes.
const SHED: usize = 256;

impl FromIterator<Line> for Lines {
    fn from_iter<I: IntoIterator<Item = Line>>(iter: I) -> Self {
        iter.into_iter().collect::<Vec<_>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(count: u64) -> Vec<Line> {
        (0..count).map(|n| Line([n; 8])).collect()
    }

    #[test]
    fn they_are_the_lines_they_were_made_of() {
        for count in [0, 1, 255, 256, 257, 70_000] {
            let mut plain = lines(count);
            let mut all = Lines::from(plain.clone());
            assert_eq!((all.len(), all.is_empty()), (plain.len(), plain.is_empty()));
            assert!(all.iter().eq(&plain));
            assert_eq!(all.digest(), digest::digest(&plain));
            plain.push(Line([7; 8]));
            all.push(Line([7; 8]));
            assert_eq!(all.get(plain.len() - 1), plain.last());
            assert_eq!(all.get(plain.len()), None);
            assert_eq!(all.digest(), digest::digest(&plain));
            assert_eq!(all.pop(), plain.pop());
            assert!(all.iter().eq(&plain));
            assert_eq!(all, Lines::from(plain));
        }
    }

    #[test]
    fn a_change_is_one_of_the_copy_alone() {
        let first = Lines::from(lines(600));
        let digest = first.digest();
        let mut second = first.clone();
        second[300].0[0] = 9;
        assert_ne!(second.digest(), digest);
        assert_ne!(first, second);
        assert_eq!((first.digest(), first[300].0[0]), (digest, 300));
        let shared = second.beside(Some(&first));
        let shared: Vec<_> = shared.map(|(at, _, shared)| (at, shared)).collect();
        assert_eq!(shared, [(0, true), (256, false), (512, true)]);
        assert!(second.beside(None).all(|(_, _, shared)| !shared));
        second[300].0[0] = 300;
        assert_eq!((&second, second.digest()), (&first, digest));
    }
}
