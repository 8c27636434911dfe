//! Where metrics are served, and of which devices.

use crate::model::{
    gateway::{DeviceSeries, Metrics},
    load_gateway,
};

#[test]
fn metrics_are_an_address_or_say_of_which_devices() {
    let metrics = |text: &str| {
        let wires = "wires: [{name: a, device: eth1, uplink: eth2}]";
        let loaded = load_gateway("gateway.yaml", format!("{wires}\nmetrics: {text}\n"));
        loaded.value.unwrap().metrics
    };
    let at = |port, devices| {
        let listen = ([127, 0, 0, 1], port).into();
        Some(Metrics { listen, devices })
    };
    for (text, expected) in [
        ("off", None),
        ("{listen: off, devices: all}", None),
        ("127.0.0.1:9000", at(9000, DeviceSeries::Off)),
        ("{devices: all}", at(9469, DeviceSeries::All)),
        ("{devices: off}", at(9469, DeviceSeries::Off)),
        (
            "{listen: 127.0.0.1:9000, devices: icu}",
            at(9000, DeviceSeries::Group("icu".to_owned())),
        ),
        ("{}", at(9469, DeviceSeries::Off)),
    ] {
        assert_eq!(metrics(text), expected, "{text}");
    }
}
