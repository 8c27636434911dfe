//! The policy that a device is learned under, and what people make of a proposal.

use jiff::Timestamp;
use xiot_agent::{
    diag::Style,
    model::{load_policy_at, policy::Policy},
    unit,
};
use xiot_tests::frame::Mac;

/// Name of the device, and of its profile.
pub(crate) const NAME: &str = "device";

/// Day one of a device: it is listed, nothing is allowed but what every device needs, and what a site knows of itself is said.
pub(crate) fn learning(mac: Mac, servers: &[String]) -> String {
    let mac = unit::mac::format(mac);
    let servers = servers.join(", ");
    let services = if servers.is_empty() {
        String::new()
    } else {
        format!("services:\n  dns: {{servers: [{servers}]}}\n  dhcp: {{servers: [{servers}]}}\n")
    };
    format!(
        "onboarding: learn\n{services}profiles:\n  {NAME}:\n    services: [arp, nd, dhcp]\ndevices:\n  - {{name: {NAME}, mac: \"{mac}\", profile: {NAME}, mode: learn}}\n"
    )
}

/// The same with the device in another mode.
pub(crate) fn promoted(text: &str, mode: &str) -> String {
    text.replace("mode: learn}", &format!("mode: {mode}}}"))
}

/// What a person makes of it who knows that all that is withheld belongs there.
pub(crate) fn accepted(text: &str) -> String {
    text.replace("      #- {", "      - {")
}

/// The policy of a text.
pub(crate) fn policy(text: &str) -> Policy {
    try_policy(text).unwrap_or_else(|findings| panic!("{findings}\n{text}"))
}

/// The same, or what is wrong with it.
pub(crate) fn try_policy(text: &str) -> Result<Policy, String> {
    let loaded = load_policy_at("policy.yaml", text, Timestamp::UNIX_EPOCH);
    let findings = loaded.report.render(Style::Plain);
    loaded.value.ok_or(findings)
}
