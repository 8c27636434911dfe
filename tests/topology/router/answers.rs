//! What the gateway's own stack answers for frames that were judged.

use std::{net::IpAddr, process::Output};

use xiot_tests::net::{rig::Host, router::RouterRig, traffic::ping};

use super::{reach, router};

fn ping_with(from: &Host, to: IpAddr, args: &[&str]) -> String {
    let output: Output = from
        .namespace
        .command("ping")
        .unwrap()
        .args(["-n", "-c1", "-W2"])
        .args(args)
        .arg(to.to_string())
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn the_last_hop_is_answered_by_the_gateway() {
    let rig = RouterRig::new();
    let _gateway = router(&rig);
    assert!(ping(&rig.pump, rig.server.v4.into()));
    reach(&rig.pump, rig.scanner.v4.into());
    for (to, who) in [
        (IpAddr::from(rig.server.v4), "10.40.1.1"),
        (rig.server.v6.into(), "fd00:40::1"),
        (rig.scanner.v4.into(), "10.40.1.1"),
    ] {
        let said = ping_with(&rig.pump, to, &["-t1"]);
        let named = said.contains(&format!("From {who}"));
        assert!(named && said.contains("xceeded"), "{said}");
    }
    // Also what comes from outside, once the policy of the device has let it.
    let said = ping_with(&rig.server, rig.pump.v4.into(), &["-t1"]);
    assert!(said.contains("From 10.60.1.1"), "{said}");
}

#[test]
fn what_is_too_long_for_the_way_out_is_answered_by_the_gateway() {
    let rig = RouterRig::new();
    let _gateway = router(&rig);
    assert!(ping(&rig.pump, rig.server.v4.into()));
    rig.gateway.ip("link set up0 mtu 1400").unwrap();
    rig.server.ip("link set eth0 mtu 1400");
    let said = ping_with(&rig.pump, rig.server.v4.into(), &["-s1400", "-Mdo"]);
    assert!(
        said.contains("mtu = 1400") || said.contains("mtu=1400"),
        "{said}"
    );
    let said = ping_with(&rig.pump, rig.server.v6.into(), &["-s1400", "-Mdo"]);
    assert!(
        said.contains("too big") || said.contains("too long") || said.contains("mtu"),
        "{said}"
    );
    // What may be cut is cut by the stack, and arrives; the answer comes in fragments.
    rig.pump.ip("route flush cache");
    let said = ping_with(&rig.pump, rig.server.v4.into(), &["-s1400", "-Mdont"]);
    assert!(said.contains("1 received"), "{said}");
}

#[test]
fn ipv4_options_are_the_stacks_work() {
    let rig = RouterRig::new();
    let _gateway = router(&rig);
    assert!(ping(&rig.pump, rig.server.v4.into()));
    let said = ping_with(&rig.pump, rig.server.v4.into(), &["-R"]);
    assert!(said.contains("RR:") && said.contains("10.60.1.1"), "{said}");
}
