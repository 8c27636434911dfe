//! What a frame costs on the gateway, beside what it would cost with something else.

mod contest;

use self::contest::{Costs, Entry, World, contest};
use crate::{
    effort::{Effort, Run},
    report::{Report, Subject},
    rig::{
        conntrack::Room,
        frames::Family,
        gateway::{Filter, Kind},
        sender::Traffic,
        site::Site,
    },
    stats::over,
};

const BRIDGE_STATELESS: Kind = Kind::Bridge(Filter::Stateless);
const BRIDGE_STATEFUL: Kind = Kind::Bridge(Filter::Stateful);

const ALL: &[Kind] = &[
    Kind::Drop,
    Kind::Redirect,
    Kind::Xiot,
    Kind::Learn,
    Kind::Bridge(Filter::Open),
    BRIDGE_STATELESS,
    BRIDGE_STATEFUL,
    Kind::Route(Filter::Open),
    Kind::Route(Filter::Stateless),
    Kind::Route(Filter::Stateful),
    Kind::Route(Filter::Ipset),
];

/// What `br_netfilter` and its conntrack see through two tags is nothing; a router has no such interface here.
const THROUGH_TAGS: &[Kind] = &[Kind::Redirect, Kind::Xiot, Kind::Bridge(Filter::Open)];

/// Measures all of it, or what the ratios need.
pub(crate) fn run(effort: &Effort, report: &mut Report) {
    xiot_tests::cpu::stay();
    report.note(
        "Conntrack on the bridge goes through br_netfilter and an inet table: this is what kernels without CONFIG_NF_CONNTRACK_BRIDGE have.",
    );
    few_rules(effort, report);
    most_flows(effort, report);
    for (number, rules) in (0..).zip(effort.rules).skip(1) {
        more_rules(effort, report, number, rules);
    }
    if effort.is_full() {
        for family in [Family::Ipv6, Family::QinQ] {
            other_family(effort, report, family);
        }
    }
}

fn of(world: usize, kinds: &[Kind]) -> Vec<Entry> {
    kinds
        .iter()
        .map(|kind| Entry { world, kind: *kind })
        .collect()
}

fn ratio(
    report: &mut Report,
    name: &'static str,
    costs: &Costs,
    this: (usize, Kind),
    that: (usize, Kind),
) {
    let cost = |(world, kind)| &costs[&Entry { world, kind }];
    report.ratio(name, &over(cost(this), cost(that)));
}

/// The limits, at a site of ten rules; and one of very many beside it.
fn few_rules(effort: &Effort, report: &mut Report) {
    let [few, many, _] = effort.flows;
    let _room = Room::for_flows(many);
    let [least, .., largest] = effort.rules;
    let kinds = if effort.is_full() { ALL } else { &ALL[..4] };
    let mut worlds = [
        World::build(Site::new(least, Family::Ipv4), &[1, few, many], kinds),
        World::build(
            Site::new(largest, Family::Ipv4),
            &[few],
            &[Kind::Redirect, Kind::Xiot],
        ),
    ];
    let large = of(1, &[Kind::Xiot]);
    let some = |quick: &[Kind]| of(0, if effort.is_full() { ALL } else { quick });
    let [drop, redirect, xiot, learn] =
        [Kind::Drop, Kind::Redirect, Kind::Xiot, Kind::Learn].map(|kind| (0, kind));
    if effort.is_full() {
        worlds[0].open(1);
        contest(&mut worlds, &some(ALL), Traffic::Flows(1), effort, report);
    }
    for world in &mut worlds {
        world.open(few);
    }
    let both = [
        some(&[Kind::Redirect, Kind::Xiot, Kind::Learn]),
        large.clone(),
    ]
    .concat();
    let costs = contest(&mut worlds, &both, Traffic::Flows(few), effort, report);
    ratio(report, "hit_1k_over_redirect", &costs, xiot, redirect);
    ratio(report, "flat_hot_1m_over_10", &costs, (1, Kind::Xiot), xiot);
    ratio(report, "learn_over_enforce", &costs, learn, xiot);
    if effort.is_full() {
        contest(
            &mut worlds,
            &some(ALL),
            Traffic::Replies(few),
            effort,
            report,
        );
    }
    worlds[0].open(many);
    let through = some(&[Kind::Redirect, Kind::Xiot]);
    let costs = contest(&mut worlds, &through, Traffic::Flows(many), effort, report);
    ratio(report, "hit_64k_over_redirect", &costs, xiot, redirect);
    for (traffic, name) in [
        (Traffic::Denied, "denied_over_drop"),
        (Traffic::Unknown, "unknown_over_drop"),
    ] {
        let not_through = some(&[Kind::Drop, Kind::Xiot]);
        let costs = contest(&mut worlds, &not_through, traffic, effort, report);
        ratio(report, name, &costs, xiot, drop);
    }
    let both = [through, large].concat();
    let costs = contest(&mut worlds, &both, Traffic::Fresh, effort, report);
    ratio(report, "new_flow_over_redirect", &costs, xiot, redirect);
    ratio(
        report,
        "flat_cold_1m_over_10",
        &costs,
        (1, Kind::Xiot),
        xiot,
    );
    flood(&mut worlds[0], effort, report);
}

/// More flows than tables have room for where nobody asks for more.
fn most_flows(effort: &Effort, report: &mut Report) {
    let [.., most] = effort.flows;
    let _room = Room::for_flows(most);
    let kinds = if effort.run == Run::Full {
        ALL
    } else {
        &[Kind::Redirect, Kind::Xiot]
    };
    let site = Site::new(effort.rules[0], Family::Ipv4);
    let mut worlds = [World::build(site, &[most], kinds)];
    worlds[0].open(most);
    let costs = contest(
        &mut worlds,
        &of(0, kinds),
        Traffic::Flows(most),
        effort,
        report,
    );
    ratio(
        report,
        "hit_1m_over_redirect",
        &costs,
        (0, Kind::Xiot),
        (0, Kind::Redirect),
    );
}

/// New flows without end beside established ones, of which no frame may be lost.
fn flood(world: &mut World, effort: &Effort, report: &mut Report) {
    let [_, many, most] = effort.flows;
    let line = world.lines.iter().find(|line| line.kind == Kind::Xiot);
    let line = line.expect("it is built");
    line.forget(&mut world.sender);
    line.open(&mut world.sender, many);
    let mut lost = 0;
    let mut sent = 0;
    while sent < 4 * most {
        sent += most / 4;
        line.send_any(&mut world.sender, Traffic::Fresh, most / 4);
        let passage = line.send(&mut world.sender, Traffic::Flows(many), many);
        lost += u64::from(many) - passage.came;
    }
    let subject = Subject {
        suite: "rate",
        scenario: "flood of new flows: established frames lost".to_owned(),
        configuration: Kind::Xiot.name(),
        flows: Some(sent),
        ..Subject::default()
    };
    #[expect(clippy::cast_precision_loss, reason = "a count for people")]
    report.measured(subject, "frames", &[lost as f64]);
}

/// Many flows at a site of more rules.
fn more_rules(effort: &Effort, report: &mut Report, number: usize, rules: u32) {
    let [_, many, _] = effort.flows;
    let _room = Room::for_flows(many);
    let is_full = effort.run == Run::Full;
    let kinds: &[Kind] = if is_full {
        ALL
    } else if number == 1 {
        &[
            Kind::Redirect,
            Kind::Xiot,
            BRIDGE_STATELESS,
            BRIDGE_STATEFUL,
        ]
    } else {
        &[Kind::Redirect, Kind::Xiot, BRIDGE_STATEFUL]
    };
    let mut worlds = [World::build(Site::new(rules, Family::Ipv4), &[many], kinds)];
    worlds[0].open(many);
    let costs = contest(
        &mut worlds,
        &of(0, kinds),
        Traffic::Flows(many),
        effort,
        report,
    );
    let xiot = (0, Kind::Xiot);
    let name = [
        "nft_stateful_over_hit_1k_rules",
        "nft_stateful_over_hit_100k_rules",
        "nft_stateful_over_hit_1m_rules",
    ][number - 1];
    ratio(report, name, &costs, (0, BRIDGE_STATEFUL), xiot);
    if number == 1 {
        let stateless = (0, BRIDGE_STATELESS);
        ratio(
            report,
            "nft_stateless_over_hit_1k_rules",
            &costs,
            stateless,
            xiot,
        );
    }
    if is_full {
        for traffic in [Traffic::Denied, Traffic::Fresh] {
            contest(&mut worlds, &of(0, kinds), traffic, effort, report);
        }
    }
}

/// Few and many flows in other frames.
fn other_family(effort: &Effort, report: &mut Report, family: Family) {
    let [few, many, _] = effort.flows;
    let _room = Room::for_flows(many);
    let kinds = if family == Family::QinQ {
        THROUGH_TAGS
    } else {
        ALL
    };
    let mut worlds = [World::build(
        Site::new(effort.rules[1], family),
        &[few, many],
        kinds,
    )];
    for flows in [few, many] {
        worlds[0].open(flows);
        contest(
            &mut worlds,
            &of(0, kinds),
            Traffic::Flows(flows),
            effort,
            report,
        );
    }
}
