//! Hash maps that the program changes while the agent tidies them up.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use xiot_agent::datapath::{Datapath, Options, Table};
use xiot_common::{
    addr::Addr,
    binding::{Binding, BindingKey},
    map,
};

use crate::image::small;

/// Often enough that one falls between the look and the removal.
const RENEWED: u32 = 50_000;
const NOW: u32 = 100;

fn key(number: u32) -> BindingKey {
    BindingKey {
        addr: Addr::from_v4_word(number),
        ..BindingKey::default()
    }
}

fn until(until: u32) -> Binding {
    Binding {
        until,
        ..Binding::default()
    }
}

fn is_over(binding: &Binding) -> bool {
    !binding.is_live(NOW)
}

/// With guards, without which there is no room for bindings.
fn guarded() -> Datapath {
    let options = Options {
        guards: Some(Vec::new()),
        ..small()
    };
    Datapath::load(&options).expect("the program loads")
}

fn bindings(datapath: &Datapath) -> Table<BindingKey, Binding> {
    datapath.table(map::BINDINGS).expect("a hash map")
}

#[test]
fn what_is_over_is_removed_and_what_is_not_stays() {
    let datapath = guarded();
    let mut table = bindings(&datapath);
    table.insert(&key(1), &until(NOW)).unwrap();
    table.insert(&key(2), &until(NOW + 1)).unwrap();
    let mut removed = |number| table.remove_over(&key(number), is_over).unwrap();
    assert_eq!(removed(1), Some(until(NOW)));
    assert_eq!([removed(1), removed(2), removed(3)], [None; 3]);
    assert_eq!(table.entries().unwrap(), [(key(2), until(NOW + 1))]);
}

#[test]
fn what_is_renewed_while_it_is_removed_is_not_lost() {
    let datapath = guarded();
    let current = AtomicU32::new(0);
    thread::scope(|scope| {
        let renewal = scope.spawn(|| {
            let mut table = bindings(&datapath);
            for number in 0..RENEWED {
                current.store(number, Ordering::Release);
                table.insert(&key(number), &until(NOW)).unwrap();
                table.insert(&key(number), &until(NOW + 1)).unwrap();
            }
        });
        let mut table = bindings(&datapath);
        while !renewal.is_finished() {
            let number = current.load(Ordering::Acquire);
            table.remove_over(&key(number), is_over).unwrap();
        }
    });
    let left = bindings(&datapath).entries().unwrap();
    assert!(left.iter().all(|(_, binding)| binding.is_live(NOW)));
    assert_eq!(left.len(), usize::try_from(RENEWED).unwrap());
}
