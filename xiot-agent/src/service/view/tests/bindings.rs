//! Addresses that are bound to MACs.

use xiot_common::binding::{self, BindingKey, BindingKind, NO_END};

use super::*;
use crate::service::state::{Binding, BindingFilter, BoundBy};

fn bound(mac: MacBytes, last: u8, until: u32, kind: BindingKind) -> (BindingKey, binding::Binding) {
    (
        BindingKey {
            addr: Addr::v4([10, 30, 1, last]),
            ..BindingKey::default()
        },
        binding::Binding {
            until,
            mac: Mac(mac),
            kind: kind as u8,
            reserved: 0,
        },
    )
}

fn seen((key, value): (BindingKey, binding::Binding)) -> Option<Binding> {
    binding(&sample::names(), now(), &key, &value)
}

#[test]
fn what_is_bound_gets_its_names_until_it_is_over() {
    let lease = seen(bound(sample::PUMP, 50, 1_100, BindingKind::Lease)).unwrap();
    assert_eq!(lease.device.as_deref(), Some("pump-icu-12"));
    assert_eq!((lease.by, lease.wire.as_str()), (BoundBy::Lease, "ward-3"));
    assert_eq!(lease.address.to_string(), "10.30.1.50");
    let left = u64::from(1_100 - now().second());
    assert_eq!(lease.left, Some(Duration::from_secs(left)));
    let endless = seen(bound(sample::STRANGER, 51, NO_END, BindingKind::Use)).unwrap();
    assert_eq!(
        (endless.device, endless.by, endless.left),
        (None, BoundBy::Use, None)
    );
    let over = bound(sample::PUMP, 50, now().second(), BindingKind::Lease);
    assert!(seen(over).is_none());
    // Elsewhere no device has the MAC.
    let (mut key, value) = bound(sample::PUMP, 50, 1_100, BindingKind::Lease);
    key.vlans.inner = 7;
    assert_eq!(seen((key, value)).unwrap().device, None);
}

#[test]
fn bindings_are_told_by_device_and_address() {
    let all = || {
        [
            (sample::STRANGER, 9),
            (sample::PUMP, 51),
            (sample::PUMP, 50),
        ]
        .into_iter()
        .filter_map(|(mac, last)| seen(bound(mac, last, NO_END, BindingKind::Lease)))
    };
    let select = |device: Option<&str>, limit| {
        let filter = BindingFilter {
            device: device.map(str::to_owned),
            limit,
        };
        let selected = select_bindings(all(), &filter);
        let items = selected.items.iter();
        let addresses: Vec<_> = items.map(|it| it.address.to_string()).collect();
        (addresses.join(" "), selected.left_out)
    };
    assert_eq!(
        select(None, None),
        ("10.30.1.9 10.30.1.50 10.30.1.51".to_owned(), 0)
    );
    assert_eq!(
        select(Some("pump-icu-12"), Some(1)),
        ("10.30.1.50".to_owned(), 1)
    );
    assert_eq!(
        select(Some("02:00:00:00:00:66"), None),
        ("10.30.1.9".to_owned(), 0)
    );
}
