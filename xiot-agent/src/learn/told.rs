//! Host names that a device was told are at an address: what a person calls the other side.

use std::{collections::BTreeMap, net::IpAddr};

/// Addresses of a device that are kept: of those more, the ones that it was told of longest ago go.
pub const MOST_ADDRESSES: usize = 1024;

/// Names of an address.
pub const MOST_NAMES: usize = 4;

/// A name, and the second since the Unix epoch in which the device was told last.
pub type Name = (String, u64);

/// What one device was told.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Told(BTreeMap<IpAddr, Vec<Name>>);

impl Told {
    /// What was known before.
    pub const fn of(names: BTreeMap<IpAddr, Vec<Name>>) -> Self {
        Self(names)
    }

    /// It was told that this name has these addresses.
    pub fn take(&mut self, name: &str, addresses: &[IpAddr], second: u64) {
        for address in addresses {
            add(self.0.entry(*address).or_default(), name, second);
        }
        self.shed();
    }

    /// Adds what it was told later. Which addresses had to go for that.
    pub fn join(&mut self, later: &Self) -> Vec<IpAddr> {
        for (address, names) in &later.0 {
            let known = self.0.entry(*address).or_default();
            for (name, second) in names.iter().rev() {
                add(known, name, *second);
            }
        }
        self.shed()
    }

    /// Lets addresses go that there is no room for: a device may be told of any number of them.
    fn shed(&mut self) -> Vec<IpAddr> {
        let surplus = self.0.len().saturating_sub(MOST_ADDRESSES);
        if surplus == 0 {
            return Vec::new();
        }
        let last = |names: &[Name]| names.first().map_or(0, |(_, second)| *second);
        let mut all: Vec<_> = self
            .0
            .iter()
            .map(|(it, names)| (last(names), *it))
            .collect();
        all.sort_unstable();
        let gone: Vec<_> = all.into_iter().take(surplus).map(|(_, it)| it).collect();
        for address in &gone {
            self.0.remove(address);
        }
        gone
    }

    /// Names of one address, that which it was told last first.
    pub fn words(&self, address: IpAddr) -> Vec<String> {
        let names = self.0.get(&address).into_iter().flatten();
        names.map(|(name, _)| name.clone()).collect()
    }

    /// Names of each address, that which it was told last first.
    pub const fn names(&self) -> &BTreeMap<IpAddr, Vec<Name>> {
        &self.0
    }
}

fn add(names: &mut Vec<Name>, name: &str, second: u64) {
    let before = names.iter().position(|(known, _)| known == name);
    let second = before.map_or(second, |place| names.remove(place).1.max(second));
    let place = names.partition_point(|(_, other)| *other > second);
    names.insert(place, (name.to_owned(), second));
    names.truncate(MOST_NAMES);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u16) -> IpAddr {
        let [high, low] = last.to_be_bytes();
        [192, 0, high, low].into()
    }

    fn names(told: &Told, last: u16) -> Vec<&str> {
        let names = told.names().get(&address(last));
        names
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect()
    }

    #[test]
    fn what_was_told_last_comes_first() {
        let mut told = Told::default();
        told.take("a.example", &[address(1), address(2)], 10);
        told.take("b.example", &[address(1)], 20);
        assert_eq!(names(&told, 1), ["b.example", "a.example"]);
        assert_eq!(names(&told, 2), ["a.example"]);
        told.take("a.example", &[address(1)], 30);
        assert_eq!(names(&told, 1), ["a.example", "b.example"]);
        // What comes late is not told last.
        told.take("b.example", &[address(1)], 5);
        assert_eq!(told.names()[&address(1)][1], ("b.example".to_owned(), 20));
        for n in 0..9 {
            told.take(&format!("c{n}.example"), &[address(1)], 100 + n);
        }
        assert_eq!(
            names(&told, 1),
            ["c8.example", "c7.example", "c6.example", "c5.example"]
        );
    }

    #[test]
    fn addresses_that_nobody_speaks_of_any_more_go() {
        let mut told = Told::default();
        let most = u16::try_from(MOST_ADDRESSES).unwrap();
        for n in 0..most {
            told.take("cdn.example", &[address(n)], 100 + u64::from(n));
        }
        let mut later = Told::default();
        later.take("cdn.example", &[address(0), address(most)], 9_000);
        assert_eq!(told.join(&later), [address(1)]);
        assert_eq!(
            told.names()[&address(0)],
            [("cdn.example".to_owned(), 9_000)]
        );
        // However many come at once.
        let many: Vec<_> = (10_000..12_000).map(address).collect();
        told.take("cdn.example", &many, 8_000);
        assert_eq!(told.names().len(), MOST_ADDRESSES);
        assert!(told.names().contains_key(&address(0)));
    }
}
