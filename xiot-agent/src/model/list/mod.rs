//! A list whose copies share their items until one changes them: a policy of a million rules is copied, and compared with
//! the one it was made from, without a look at each rule.

use std::{
    iter::{self, FlatMap},
    ops::{Index, IndexMut, Range},
    ptr, slice,
    sync::Arc,
};

/// A list of items in chunks, which copies share: one that is the same in two lists never changes.
#[derive(Clone, Debug)]
pub struct List<T>(Vec<Chunk<T>>);

/// Some items, never none.
#[derive(Debug)]
pub struct Chunk<T> {
    /// How many items there are up to its last.
    end: usize,
    items: Arc<[T]>,
}

impl<T> Clone for Chunk<T> {
    fn clone(&self) -> Self {
        Self {
            end: self.end,
            items: Arc::clone(&self.items),
        }
    }
}

/// Items in order.
pub type Iter<'a, T> = FlatMap<slice::Iter<'a, Chunk<T>>, &'a [T], fn(&'a Chunk<T>) -> &'a [T]>;
/// Items in order, to change them.
pub type IterMut<'a, T> =
    FlatMap<slice::IterMut<'a, Chunk<T>>, &'a mut [T], fn(&'a mut Chunk<T>) -> &'a mut [T]>;

/// Where two lists differ: what comes before and after is alike, one by one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Stretch {
    /// How many items come before it.
    pub start: usize,
    /// Where it ends in the list before.
    pub before_end: usize,
    /// Where it ends in the list after.
    pub after_end: usize,
}

impl Stretch {
    /// All of two lists.
    pub fn whole<T>(before: &List<T>, after: &List<T>) -> Self {
        Self {
            start: 0,
            before_end: before.len(),
            after_end: after.len(),
        }
    }

    /// Whether the lists do not differ.
    pub const fn is_empty(&self) -> bool {
        self.start == self.before_end && self.start == self.after_end
    }

    /// Places in the list before.
    pub const fn before(&self) -> Range<usize> {
        self.start..self.before_end
    }

    /// Places in the list after.
    pub const fn after(&self) -> Range<usize> {
        self.start..self.after_end
    }
}

impl<T> List<T> {
    /// Items of a chunk as it is made; the last has up to twice as many. Tests have few items.
    const CHUNK: usize = if cfg!(test) {
        2
    } else {
        4096_usize.div_ceil(size_of::<T>())
    };

    /// Number of items.
    pub fn len(&self) -> usize {
        self.start(self.0.len())
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every item.
    pub fn iter(&self) -> Iter<'_, T> {
        let items: fn(&Chunk<T>) -> &[T] = |chunk| &chunk.items;
        self.0.iter().flat_map(items)
    }

    /// The items at these places.
    pub fn range(&self, places: Range<usize>) -> impl Iterator<Item = &T> + Clone {
        self.iter().skip(places.start).take(places.len())
    }

    /// The item at this place.
    pub fn get(&self, place: usize) -> Option<&T> {
        self.onward(place).first()
    }

    /// The first item.
    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    /// Items at the same places of two lists, with their place: those that both share are left out.
    pub fn beside<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (usize, &'a T, &'a T)> {
        let mut place = 0;
        let differing = iter::from_fn(move || {
            loop {
                let (start, one, other) = (place, self.onward(place), other.onward(place));
                let length = one.len().min(other.len());
                let (one, other) = (&one[..length], &other[..length]);
                place += length;
                if length == 0 || !ptr::eq(one, other) {
                    return (length > 0).then_some((start, one, other));
                }
            }
        });
        differing.flat_map(|(start, one, other)| {
            let both = (start..).zip(one.iter().zip(other));
            both.map(|(place, (one, other))| (place, one, other))
        })
    }

    /// Where `after` differs. What both share is alike without a look at it.
    pub fn stretch(&self, after: &Self, alike: impl Fn(&T, &T) -> bool) -> Stretch {
        let shorter = self.len().min(after.len());
        let mut both = self.beside(after);
        let first = both.find(|(_, one, other)| !alike(one, other));
        let start = first.map_or(shorter, |(place, ..)| place);
        let mut end = 0;
        while start + end < shorter {
            let (one, other) = (self.up_to(self.len() - end), after.up_to(after.len() - end));
            let length = one.len().min(other.len()).min(shorter - start - end);
            let (one, other) = (&one[one.len() - length..], &other[other.len() - length..]);
            let mut same = length;
            if !ptr::eq(one, other) {
                let both = one.iter().rev().zip(other.iter().rev());
                same = both.take_while(|(one, other)| alike(one, other)).count();
            }
            end += same;
            if same < length {
                break;
            }
        }
        Stretch {
            start,
            before_end: self.len() - end,
            after_end: after.len() - end,
        }
    }

    /// Items from this place on, as far as they are in one chunk.
    fn onward(&self, place: usize) -> &[T] {
        let chunk = self.find(place);
        let items = self.0.get(chunk).map(|chunk| &*chunk.items);
        items.map_or(&[], |items| &items[place - self.start(chunk)..])
    }

    /// Items before this place, as far as they are in one chunk.
    fn up_to(&self, place: usize) -> &[T] {
        let Some(last) = place.checked_sub(1) else {
            return &[];
        };
        let chunk = self.find(last);
        let items = self.0.get(chunk).map(|chunk| &*chunk.items);
        items.map_or(&[], |items| &items[..place - self.start(chunk)])
    }

    /// The chunk with this place.
    fn find(&self, place: usize) -> usize {
        // Mostly all are as they were made.
        let guess = place / Self::CHUNK;
        let found = |chunk: &Chunk<T>| place < chunk.end && place >= self.start(guess);
        if self.0.get(guess).is_some_and(found) {
            return guess;
        }
        self.0.partition_point(|chunk| chunk.end <= place)
    }

    /// Where a chunk starts.
    fn start(&self, chunk: usize) -> usize {
        chunk.checked_sub(1).map_or(0, |before| self.0[before].end)
    }

    fn append(&mut self, items: Arc<[T]>) {
        if !items.is_empty() {
            let end = self.len() + items.len();
            self.0.push(Chunk { end, items });
        }
    }

    /// Adds items in chunks of their own.
    fn append_all(&mut self, items: Vec<T>) {
        let mut left = items.len();
        let mut items = items.into_iter();
        while left > 2 * Self::CHUNK {
            self.append(items.by_ref().take(Self::CHUNK).collect());
            left -= Self::CHUNK;
        }
        self.append(items.collect());
    }
}

impl<T: Clone> List<T> {
    /// Every item, to change it: those that are shared are copied.
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        let items: fn(&mut Chunk<T>) -> &mut [T] = |chunk| Arc::make_mut(&mut chunk.items);
        self.0.iter_mut().flat_map(items)
    }

    /// Puts others in the place of some items.
    ///
    /// # Panics
    /// There are fewer items.
    pub fn splice(&mut self, places: Range<usize>, items: impl IntoIterator<Item = T>) {
        assert!(
            places.start <= places.end && places.end <= self.len(),
            "{places:?} of {} items",
            self.len()
        );
        // What comes after the last is put into its chunk.
        let first = self.find(places.start).min(self.0.len().saturating_sub(1));
        let last = self.0.partition_point(|chunk| chunk.end < places.end);
        let rest = (first.max(last) + 1).min(self.0.len());
        let (start, end) = (self.start(first), self.start(rest));
        let before = self.range(start..places.start).cloned();
        let after = self.range(places.end..end).cloned();
        let all = before.chain(items).chain(after).collect();
        let rest = self.0.split_off(rest);
        self.0.truncate(first);
        self.append_all(all);
        for chunk in rest {
            self.append(chunk.items);
        }
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        self.extend([item]);
    }

    /// Adds an item before the one at this place.
    ///
    /// # Panics
    /// There are fewer items.
    pub fn insert(&mut self, place: usize, item: T) {
        self.splice(place..place, [item]);
    }

    /// Takes the item at this place out.
    ///
    /// # Panics
    /// There are fewer items.
    pub fn remove(&mut self, place: usize) -> T {
        let item = self[place].clone();
        self.splice(place..place + 1, []);
        item
    }

    /// Gives two items each other's place.
    ///
    /// # Panics
    /// There are fewer items.
    pub fn swap(&mut self, one: usize, other: usize) {
        let item = self[one].clone();
        self[one] = self[other].clone();
        self[other] = item;
    }

    /// Keeps some of the items.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        for chunk in std::mem::take(self).0 {
            let kept: Vec<bool> = chunk.items.iter().map(&mut keep).collect();
            if kept.iter().all(|kept| *kept) {
                self.append(chunk.items);
            } else {
                let items = chunk.items.iter().zip(kept);
                self.append(
                    items
                        .filter(|(_, kept)| *kept)
                        .map(|(item, _)| item.clone())
                        .collect(),
                );
            }
        }
    }

    /// Keeps so many items from the first on.
    pub fn truncate(&mut self, length: usize) {
        if length < self.len() {
            self.splice(length..self.len(), []);
        }
    }

    /// Removes all items.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        let mut both = self.beside(other);
        self.len() == other.len() && both.all(|(_, one, other)| one == other)
    }
}

impl<T: Eq> Eq for List<T> {}

impl<T> Index<usize> for List<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.onward(index)[0]
    }
}

impl<T: Clone> IndexMut<usize> for List<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        let chunk = self.find(index);
        let start = self.start(chunk);
        &mut Arc::make_mut(&mut self.0[chunk].items)[index - start]
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        let mut list = Self::default();
        list.append_all(items);
        list.0.shrink_to_fit();
        list
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self {
        Vec::from_iter(iter).into()
    }
}

impl<T: Clone> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, iter: I) {
        self.splice(self.len()..self.len(), iter);
    }
}

impl<'a, T> IntoIterator for &'a List<T> {
    type Item = &'a T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<'a, T: Clone> IntoIterator for &'a mut List<T> {
    type Item = &'a mut T;
    type IntoIter = IterMut<'a, T>;

    fn into_iter(self) -> IterMut<'a, T> {
        self.iter_mut()
    }
}

#[cfg(test)]
mod tests;
