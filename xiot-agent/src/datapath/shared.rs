//! Array maps mapped into this process: read and written without system calls.

use std::{
    io,
    marker::PhantomData,
    os::fd::{AsFd as _, AsRawFd as _},
    ptr, slice,
    sync::atomic::{AtomicU64, Ordering},
};

use aya::{Pod, maps::MapData};
use memmap2::{MmapOptions, MmapRaw};

/// A memory-mapped `Array<T>` (`BPF_F_MMAPABLE`).
///
/// The kernel reads and writes the same memory at any time, so that every access here is by atomic words:
/// words never tear, entries of several words may.
#[derive(Debug)]
pub struct Shared<T> {
    memory: MmapRaw,
    entries: u32,
    of: PhantomData<fn() -> T>,
}

impl<T: Pod + Default> Shared<T> {
    /// Bytes from one entry to the next: the kernel rounds values up to 8.
    const STRIDE: usize = size_of::<T>().next_multiple_of(8);
    const WORDS: usize = Self::STRIDE / 8;

    /// Maps the whole of `map`.
    pub(super) fn new(map: &MapData) -> io::Result<Self> {
        let info = map.info().map_err(io::Error::other)?;
        if info.value_size() as usize != size_of::<T>() {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let entries = info.max_entries();
        let memory = MmapOptions::new()
            .len(entries as usize * Self::STRIDE)
            .map_raw(map.fd().as_fd().as_raw_fd())?;
        Ok(Self {
            memory,
            entries,
            of: PhantomData,
        })
    }

    /// Number of entries.
    pub fn len(&self) -> u32 {
        self.entries
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries == 0
    }

    fn base(&self) -> *const AtomicU64 {
        self.memory.as_ptr().cast()
    }

    /// The words of entry `index`; none beyond the end.
    pub(super) fn words(&self, index: u32) -> Option<&[AtomicU64]> {
        if index >= self.entries {
            return None;
        }
        // SAFETY: the mapping is `entries * STRIDE` bytes long, page-aligned and lives as long as `self`; all
        // access in this process is through these atomics, and the kernel's may be concurrent with atomics.
        Some(unsafe {
            slice::from_raw_parts(self.base().add(index as usize * Self::WORDS), Self::WORDS)
        })
    }

    /// A copy of entry `index`; none beyond the end.
    pub fn get(&self, index: u32) -> Option<T> {
        self.words(index).map(read_words)
    }

    /// Writes word `word` of entry `index` in one store.
    ///
    /// Returns whether there is such a word.
    #[must_use]
    pub(super) fn set_word(&self, index: u32, word: usize, value: u64) -> bool {
        let word = self.words(index).and_then(|words| words.get(word));
        word.inspect(|word| word.store(value, Ordering::Release))
            .is_some()
    }

    /// Writes entry `index`, its first word last: whoever sees the first word sees the rest.
    ///
    /// Returns whether there is such an entry.
    #[must_use]
    pub(super) fn set(&self, index: u32, value: &T) -> bool {
        let Some(words) = self.words(index) else {
            return false;
        };
        write_words(words, value);
        true
    }
}

/// The value that these words hold, of which the last may be more than it needs.
///
/// # Panics
/// Where they are fewer than it has.
pub(super) fn read_words<T: Pod + Default>(words: &[AtomicU64]) -> T {
    assert!(size_of_val(words) >= size_of::<T>(), "too few words");
    let mut value = T::default();
    for (n, word) in words.iter().enumerate() {
        let bytes = word.load(Ordering::Acquire).to_ne_bytes();
        let at = n * 8;
        let length = size_of::<T>().saturating_sub(at).min(8);
        // SAFETY: `at + length <= size_of::<T>()` or nothing is copied, and `T` is `Pod`: valid for all bit patterns.
        unsafe {
            ptr::copy_nonoverlapping(
                bytes.as_ptr(),
                ptr::from_mut(&mut value).cast::<u8>().wrapping_add(at),
                length,
            );
        }
    }
    value
}

/// Writes a value, its first word last: whoever sees the first word sees the rest.
///
/// # Panics
/// Where the words are fewer than it has.
pub(super) fn write_words<T: Pod>(words: &[AtomicU64], value: &T) {
    assert!(size_of_val(words) >= size_of::<T>(), "too few words");
    for (n, word) in words.iter().enumerate().rev() {
        let mut bytes = [0; 8];
        let at = n * 8;
        let length = size_of::<T>().saturating_sub(at).min(8);
        // SAFETY: `at + length <= size_of::<T>()` or nothing is copied, and `T` is `Pod`: without padding, so all initialised.
        unsafe {
            ptr::copy_nonoverlapping(
                ptr::from_ref(value).cast::<u8>().wrapping_add(at),
                bytes.as_mut_ptr(),
                length,
            );
        }
        word.store(u64::from_ne_bytes(bytes), Ordering::Release);
    }
}

/// The value in `bytes`; none if there are more or fewer of them than it has.
pub fn read_pod<T: Pod>(bytes: &[u8]) -> Option<T> {
    if bytes.len() != size_of::<T>() {
        return None;
    }
    // SAFETY: as many bytes as `T` has, and `T` is `Pod`: valid for all bit patterns. They may lie anywhere.
    Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
}
