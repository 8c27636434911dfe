//! The same on the ports of a router, whose routes the kernel looks up.

use proptest::strategy::ValueTree as _;
use xiot_common::reason::{Class, Reason};
use xiot_tests::{
    compare::Setting,
    effort::{self, Effort},
    generate::{Traffic, router, wires},
    net::routes::Routes,
    prog::Prog,
};

use crate::{Met, STEPS, judge, limits, policy};

/// Frames compared where nothing else is asked for.
const FRAMES: u64 = 500_000;

#[test]
fn program_and_oracle_route_alike() {
    let first_seed = effort::seed();
    let effort = Effort::asked(FRAMES);
    println!("XIOT_SEED={first_seed}, {effort:?}");
    let wires = wires();
    let mut met = Met::nothing();
    let routes = Routes::new();
    routes.inside(|| {
        let mut progs = limits().map(Prog::load_router);
        let mut seed = first_seed;
        while !effort.is_spent(met.frames) {
            let mut tree = policy(seed);
            let policy = tree.current();
            let router = router(seed, &policy);
            routes.lay(&router);
            let steps = Traffic::new(seed, &policy).routed(&router).steps(STEPS);
            let setting = Setting {
                wires: &wires,
                router: Some(&router),
            };
            judge(seed, &mut progs, &mut tree, steps, setting, &mut met);
            seed = seed.wrapping_add(1);
        }
    });
    println!("{met}");
    met.check(FRAMES, |reason| {
        // On the uplink side of a segment each frame is from the segment's own port: its MAC is no device's.
        let is_of_wires = matches!(
            reason,
            Reason::NotAPort | Reason::NoPolicy | Reason::EgressTooLong | Reason::MacClaimed
        );
        reason.class() != Class::Malformed && !is_of_wires
    });
}
