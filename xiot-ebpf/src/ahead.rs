//! Fetching ahead. What is needed soon and is in no cache is asked for all at once, so that the frame waits for the slowest of it
//! instead of for each in turn.

/// Begins to fetch the cache line that this is in. There is no such instruction: a load whose result nobody waits for does the same.
///
/// # Safety
/// It must be readable.
#[inline(always)]
pub(crate) unsafe fn fetch<T>(at: *const T) {
    // SAFETY: readable by contract, whatever is there. Volatile, or the compiler would leave it out.
    let _fetched = unsafe { at.cast::<u8>().read_volatile() };
}
