//! The dashboard's queries, asked of a Prometheus that scrapes a live agent.

use std::collections::BTreeSet;

use serde_json::Value;
use xiot_tests::{
    net::{
        rig::Rig,
        traffic::{EchoServer, connect_is_lost, ping},
    },
    until::until,
};

use crate::{
    POLICY,
    agent::{Agent, gateway},
    alerts::read,
    prometheus::{ask, prometheus},
};

/// Every query in the document, as Grafana would ask it.
fn queries(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if let Some(query) = map.get("expr").and_then(Value::as_str) {
                let query = query
                    .replace("$gateway", ".*")
                    .replace("$__rate_interval", "1m")
                    .replace("$__interval", "1m");
                assert!(!query.contains('$'), "{query}");
                found.insert(query);
            }
            map.values().for_each(|value| queries(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| queries(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Queries that a gateway which is well has no answer to.
fn may_be_empty(query: &str) -> bool {
    query.starts_with("ALERTS{") || query.starts_with("changes(")
}

#[test]
fn every_query_of_the_dashboard_has_an_answer() {
    let document: Value = serde_json::from_str(&read("deploy/grafana/xiot.json")).unwrap();
    let mut all = BTreeSet::new();
    queries(&document, &mut all);
    assert!(all.len() > 40, "{}", all.len());

    let rig = Rig::new();
    let policy = POLICY.replace("mode: enforce}", "mode: enforce, location: ICU-3}");
    let metrics = "metrics: {listen: 127.0.0.1:9469, devices: all}\n";
    let _agent = Agent::start(&rig, &gateway(&rig, metrics), &policy);
    assert!(ping(&rig.device, rig.uplink.v4.into()));
    let telnet = EchoServer::start(&rig.uplink, rig.uplink.v4.into(), 23);
    assert!(connect_is_lost(&rig.device, telnet.address()));
    let _prometheus = prometheus(&rig);
    until("two scrapes", || {
        let rates = ask(&rig, "rate(xiot_frames_total{verdict=\"dropped\"}[1m])");
        rates.ok().filter(|series| !series.is_empty())
    });
    for query in &all {
        let series = ask(&rig, query).unwrap_or_else(|error| panic!("{query}: {error}"));
        assert!(!series.is_empty() || may_be_empty(query), "{query}");
    }
    // What stands beside a device comes from the policy.
    let silent = all.iter().find(|query| query.contains("last_seen"));
    let series = ask(&rig, silent.unwrap()).unwrap();
    assert_eq!(series[0]["metric"]["location"], "ICU-3", "{series:?}");
}
