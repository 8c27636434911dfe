//! Where metrics are served, and whether those of single devices are among them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::{
    diag::{Code, Diagnostic, Report},
    model::{
        decode::{Fields, name, shorten, text},
        gateway::{DeviceSeries, Metrics},
        yaml::{Node, Value},
    },
};

/// Where metrics are served unless the file says otherwise.
const LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 9469);

/// An address, `off`, or a map of an address and devices; none for `off`.
pub(super) fn read_metrics(node: Option<&Node<'_>>, report: &mut Report) -> Option<Metrics> {
    let Some(node) = node else {
        return Some(Metrics {
            listen: LISTEN,
            devices: DeviceSeries::Off,
        });
    };
    if !matches!(node.value, Value::Map(_)) {
        let listen = read_listen(node, report)?;
        return Some(Metrics {
            listen,
            devices: DeviceSeries::Off,
        });
    }
    let fields = Fields::read(node, "`metrics`", &["listen", "devices"], report)?;
    let devices = fields.get("devices");
    let devices = devices.and_then(|node| read_devices(node, report));
    let listen = match fields.get("listen") {
        Some(node) => read_listen(node, report)?,
        None => LISTEN,
    };
    Some(Metrics {
        listen,
        devices: devices.unwrap_or_default(),
    })
}

/// `off`, `all`, or the name of a group.
fn read_devices(node: &Node<'_>, report: &mut Report) -> Option<DeviceSeries> {
    let group = name(node, "a group of devices", report)?;
    Some(match group.value {
        "off" => DeviceSeries::Off,
        "all" => DeviceSeries::All,
        group => DeviceSeries::Group(group.to_owned()),
    })
}

/// An address to listen on; none for `off`.
fn read_listen(node: &Node<'_>, report: &mut Report) -> Option<SocketAddr> {
    let text = text(node, "an address and port to listen on, or `off`", report)?;
    if text.value == "off" {
        return None;
    }
    let address: Option<SocketAddr> = text.value.parse().ok();
    let address = address.filter(|address| !address.ip().is_multicast());
    if address.is_none() {
        report.push(
            Diagnostic::new(
                Code::BadListen,
                text.span,
                format!("`{}` is not an address to listen on", shorten(text.value)),
            )
            .hint("an address and a port, `127.0.0.1:9469` or `[::1]:9469`; `off` for none"),
        );
    }
    address
}
