//! A list whose copies share their items until one changes them: a policy of a million rules is copied, and compared with
//! the one it was made from, without a look at each rule.

use std::{
    ops::{Index, IndexMut},
    slice,
    sync::Arc,
};

/// A list of shared items. An item that is the same one in two lists never changes.
#[derive(Clone, Debug)]
pub struct List<T>(Vec<Arc<T>>);

/// Items in order.
pub type Iter<'a, T> = std::iter::Map<slice::Iter<'a, Arc<T>>, fn(&'a Arc<T>) -> &'a T>;
/// Items in order, to change them.
pub type IterMut<'a, T> =
    std::iter::Map<slice::IterMut<'a, Arc<T>>, fn(&'a mut Arc<T>) -> &'a mut T>;

impl<T> List<T> {
    /// Number of items.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Every item.
    pub fn iter(&self) -> Iter<'_, T> {
        let item: fn(&Arc<T>) -> &T = |item| item;
        self.0.iter().map(item)
    }

    /// The item at this place.
    pub fn get(&self, place: usize) -> Option<&T> {
        self.0.get(place).map(|item| &**item)
    }

    /// The first item.
    pub fn first(&self) -> Option<&T> {
        self.get(0)
    }

    /// Whether both lists share the item at these places: then it is the same, without a look at it.
    pub fn shares(&self, place: usize, other: &Self, other_place: usize) -> bool {
        match (self.0.get(place), other.0.get(other_place)) {
            (Some(item), Some(other)) => Arc::ptr_eq(item, other),
            (None, _) | (_, None) => false,
        }
    }

    /// Adds an item at the end.
    pub fn push(&mut self, item: T) {
        self.0.push(Arc::new(item));
    }

    /// Adds an item before the one at this place.
    ///
    /// # Panics
    /// There are fewer items.
    pub fn insert(&mut self, place: usize, item: T) {
        self.0.insert(place, Arc::new(item));
    }

    /// Keeps some of the items.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.0.retain(|item| keep(item));
    }

    /// The shared items.
    pub const fn items(&self) -> &[Arc<T>] {
        self.0.as_slice()
    }

    /// The same, to order them anew.
    pub const fn items_mut(&mut self) -> &mut [Arc<T>] {
        self.0.as_mut_slice()
    }

    /// Keeps so many items from the first on.
    pub fn truncate(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// Removes all items.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl<T: Clone> List<T> {
    /// Every item, to change it: those that are shared are copied.
    pub fn iter_mut(&mut self) -> IterMut<'_, T> {
        let item: fn(&mut Arc<T>) -> &mut T = Arc::make_mut;
        self.0.iter_mut().map(item)
    }

    /// Takes the item at this place out.
    ///
    /// # Panics
    /// There are fewer items.
    pub fn remove(&mut self, place: usize) -> T {
        Arc::unwrap_or_clone(self.0.remove(place))
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T: PartialEq> PartialEq for List<T> {
    fn eq(&self, other: &Self) -> bool {
        let mut both = self.0.iter().zip(&other.0);
        self.len() == other.len() && both.all(|(a, b)| Arc::ptr_eq(a, b) || a == b)
    }
}

impl<T> Index<usize> for List<T> {
    type Output = T;

    fn index(&self, index: usize) -> &T {
        &self.0[index]
    }
}

impl<T: Clone> IndexMut<usize> for List<T> {
    fn index_mut(&mut self, index: usize) -> &mut T {
        Arc::make_mut(&mut self.0[index])
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(items: Vec<T>) -> Self {
        items.into_iter().collect()
    }
}

impl<T> FromIterator<T> for List<T> {
    fn from_iter<I: IntoIterator<Item = T>>(iter: I) -> Self {
        Self(iter.into_iter().map(Arc::new).collect())
    }
}

impl<T> Extend<T> for List<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, iter: I) {
        self.0.extend(iter.into_iter().map(Arc::new));
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
mod tests {
    use super::*;

    #[test]
    fn copies_share_what_neither_changed() {
        let first = List::from(vec!["a".to_owned(), "b".to_owned()]);
        let mut second = first.clone();
        assert!(first.shares(0, &second, 0) && first.shares(1, &second, 1));
        second[1].push('c');
        assert_eq!((first[1].as_str(), second[1].as_str()), ("b", "bc"));
        assert!(first.shares(0, &second, 0) && !first.shares(1, &second, 1));
        assert!(!first.shares(0, &second, 1) && !first.shares(2, &second, 2));
        assert_ne!(first, second);
        second[1] = "b".to_owned();
        assert_eq!(first, second);

        for item in &mut second {
            item.push('!');
        }
        assert_eq!(first.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(second.remove(0), "a!");
        second.insert(0, "x".to_owned());
        second.extend(["y".to_owned()]);
        assert_eq!(second.iter().collect::<Vec<_>>(), ["x", "b!", "y"]);
    }
}
