//! What must be stopped: lateral movement, a scan, forged senders, an unknown device.

use std::{io::Write, net::Ipv4Addr};

use anyhow::Result;

use super::{must_not_answer, no_word};
use crate::demo::{
    client::{self, Heard},
    evidence,
    hospital::{Hospital, Host},
    packet::{self, Forged},
    report::{Check, Report},
    scan,
};

/// An address of the ward that nobody has.
const FREE: Ipv4Addr = Ipv4Addr::new(10, 30, 1, 99);

pub(super) fn play(hospital: &Hospital, report: &mut Report<impl Write>) -> Result<()> {
    let Hospital {
        pump,
        monitor,
        intruder,
        ventilator,
        server,
        workstation,
        scanner,
        ..
    } = hospital;
    let conversations: [(&str, &Host, &Host, u16, &str); 5] = [
        (
            "the monitor tries the pumps' server",
            monitor,
            server,
            3613,
            "no_peer",
        ),
        (
            "ransomware: monitor to a workstation",
            monitor,
            workstation,
            445,
            "no_port",
        ),
        (
            "ransomware: monitor to the next ward",
            monitor,
            ventilator,
            445,
            "no_peer",
        ),
        (
            "biomed opens telnet on the pump",
            workstation,
            pump,
            23,
            "no_port",
        ),
        (
            "somebody else services the pump",
            scanner,
            pump,
            8000,
            "no_peer",
        ),
    ];
    for (what, from, to, port, reason) in conversations {
        report.check(must_not_answer(hospital, what, (from, to, port), reason)?)?;
    }
    report.check(scan(hospital)?)?;
    report.check(unknown_device(hospital)?)?;
    report.check(forged(
        hospital,
        "the intruder takes the pump's address",
        Forged {
            sender: intruder,
            mac: intruder.mac,
            address: pump.address,
            to: server,
            port: 3613,
        },
        "unknown_device",
    )?)?;
    report.check(forged(
        hospital,
        "the intruder takes the pump's MAC",
        Forged {
            sender: intruder,
            mac: pump.mac,
            address: FREE,
            to: server,
            port: 3613,
        },
        "address_not_bound",
    )?)?;
    Ok(())
}

fn scan(hospital: &Hospital) -> Result<Check> {
    let before = evidence::counted(hospital, "dropped")?;
    let found = scan::scan(&hospital.scanner, &hospital.pump)?;
    let after = evidence::counted(hospital, "dropped")?;
    let caught = difference(&before, &after);
    let total: u64 = caught.iter().map(|(_, count)| count).sum();
    let all = u64::try_from(scan::COUNT)?;
    Ok(Check {
        what: "a port scan of the pump",
        tried: format!(
            "nmap -sS {} from {}",
            hospital.pump.address, hospital.scanner.address
        ),
        expected: format!("none open, {} filtered", scan::COUNT),
        got: found.words(),
        reason: counts(&caught),
        met: found.count("filtered") == scan::COUNT
            && total >= all
            && caught.iter().all(|(reason, _)| reason == "no_peer"),
    })
}

fn unknown_device(hospital: &Hospital) -> Result<Check> {
    let Hospital {
        intruder, server, ..
    } = hospital;
    let expected = "unknown_device";
    let last = evidence::last_drop(hospital)?;
    let heard = client::ask(intruder, server, 3613)?;
    // Not even its ARP request gets out.
    let mac = intruder.mac_text();
    let drop = evidence::drop_after(hospital, last, |drop| drop.src_mac == mac)?;
    let reason = drop.map(|drop| drop.reason);
    Ok(Check {
        what: "a device that is not listed",
        tried: super::tcp(intruder, server, 3613),
        expected: format!("{}, {expected}", Heard::Nothing),
        got: heard.to_string(),
        met: heard == Heard::Nothing && reason.as_deref() == Some(expected),
        reason: reason.unwrap_or_else(no_word),
    })
}

fn forged(
    hospital: &Hospital,
    what: &'static str,
    forged: Forged<'_>,
    expected: &str,
) -> Result<Check> {
    let last = evidence::last_drop(hospital)?;
    let arrives = packet::arrives(hospital, &forged)?;
    let drop = evidence::drop_after(hospital, last, |drop| {
        drop.src == Some(forged.address.into()) && drop.dst_port == Some(forged.port)
    })?;
    let reason = drop.map(|drop| drop.reason);
    Ok(Check {
        what,
        tried: format!(
            "SYN from {} as {} > {}:{}",
            crate::netns::link::Mac(forged.mac),
            forged.address,
            forged.to.address,
            forged.port
        ),
        expected: format!("never arrives, {expected}"),
        got: if arrives {
            "arrived at the core"
        } else {
            "never arrived"
        }
        .to_owned(),
        met: !arrives && reason.as_deref() == Some(expected),
        reason: reason.unwrap_or_else(no_word),
    })
}

/// `no_peer x 1011`.
pub(super) fn counts(counts: &[(String, u64)]) -> String {
    let words: Vec<_> = counts
        .iter()
        .map(|(reason, count)| format!("{reason} x {count}"))
        .collect();
    words.join(", ")
}

fn difference(before: &[(String, u64)], after: &[(String, u64)]) -> Vec<(String, u64)> {
    after
        .iter()
        .map(|(reason, count)| {
            let old = before.iter().find(|(name, _)| name == reason);
            (reason.clone(), count - old.map_or(0, |(_, count)| *count))
        })
        .filter(|(_, count)| *count > 0)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{counts, difference};

    #[test]
    fn only_what_grew_is_counted() {
        let named = |list: &[(&str, u64)]| -> Vec<_> {
            list.iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect()
        };
        let before = named(&[("no_peer", 3), ("no_port", 2)]);
        let after = named(&[("no_peer", 3), ("no_port", 7), ("unknown_device", 1)]);
        let grown = difference(&before, &after);
        assert_eq!(counts(&grown), "no_port x 5, unknown_device x 1");
    }
}
