//! What the program learned of addresses: who has them, and which names they have.

use xiot_agent::collect::NameTable;
use xiot_common::{
    binding::{Binding, BindingKey, Places, PlacesKey},
    name::{NamePlace, NameSet, NamesKey},
};

use super::{Prog, must};
use crate::clock;

impl Prog {
    /// All bindings, over or not.
    ///
    /// # Panics
    /// Where they cannot be read.
    pub fn bindings(&self) -> Vec<(BindingKey, Binding)> {
        must("read the bindings", self.bindings.entries())
    }

    /// All places.
    ///
    /// # Panics
    /// Where they cannot be read.
    pub fn places(&self) -> Vec<(PlacesKey, Places)> {
        must("read the places", self.places.entries())
    }

    /// All that devices were told, listed ones and others.
    ///
    /// # Panics
    /// Where it cannot be read.
    pub fn names(&self) -> Vec<(NamesKey, NameSet)> {
        let mut all = must("read the names", self.names.entries());
        all.extend(must(
            "read strangers' names",
            self.strangers_names.entries(),
        ));
        all
    }

    /// Tells a listed device what an agent heard that it was told.
    ///
    /// # Panics
    /// Where that cannot be written.
    pub fn tell(&mut self, device: &NamesKey, told: &NameSet) {
        let names = NameTable::open(&self.datapath);
        let mut names = must("open the names", names);
        must("tell a device", names.tell(device, told, clock::second()));
    }

    /// Whether there are any that may have ended.
    pub(super) fn age_names(&mut self, seconds: u32) -> bool {
        let mut ends = false;
        for table in [&mut self.names, &mut self.strangers_names] {
            for (key, mut set) in must("read the names", table.entries()) {
                for place in set.0.iter_mut().filter(|place| place.life != 0) {
                    let until = NamePlace::until(place.life).saturating_sub(seconds).max(1);
                    place.life = NamePlace::life(until, NamePlace::lasting(place.life));
                }
                must("age names", table.insert(&key, &set));
                ends = true;
            }
        }
        ends
    }
}
