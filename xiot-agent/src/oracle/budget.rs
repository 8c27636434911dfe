//! Budgets: how much of what makes state may be done in one second (docs/judgement.md sections 2.1 and 7).

use std::collections::HashMap;

use xiot_common::reason::Reason;

use super::{Side, frame::Mac, grounds::Grounds, limits::Limits};

/// Who spends.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
enum Account {
    /// By what its frames find it by: its place in the policy may change.
    Device(Mac, Option<(u16, u16)>),
    /// All that are not listed, and frames of no device.
    Unlisted,
}

/// What was spent in a second.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    second: u64,
    opened: u32,
    accepted: u32,
    datagrams: u32,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Budgets {
    accounts: HashMap<Account, Spent>,
    /// Of the one CPU that judges: its flows count as opened.
    cpu: Spent,
}

impl Budgets {
    /// Grants a new flow that this side opens.
    pub(super) fn flow(
        &mut self,
        grounds: Grounds<'_>,
        initiator: Side,
        limits: &Limits,
        now: u64,
    ) -> Result<(), Reason> {
        let limit = match (grounds.device(), grounds.profile()) {
            (Some(_), Some(profile)) => profile.limits.new_flows,
            _ => limits.new_flows_unlisted,
        };
        let cpu = self.cpu.in_second(now).opened;
        let spent = self.of(grounds, now);
        let flows = match initiator {
            Side::Device => &mut spent.opened,
            Side::Uplink => &mut spent.accepted,
        };
        if *flows >= limit {
            return Err(Reason::FlowBudgetDevice);
        }
        // What the CPU refuses, the device has asked for all the same.
        *flows += 1;
        if cpu >= limits.new_flows_per_cpu {
            return Err(Reason::FlowBudgetCpu);
        }
        self.cpu.in_second(now).opened += 1;
        Ok(())
    }

    /// Grants a datagram in fragments.
    pub(super) fn datagram(&mut self, grounds: Grounds<'_>, limits: &Limits, now: u64) -> bool {
        let limit = match (grounds.device(), grounds.profile()) {
            (Some(_), Some(profile)) => profile.limits.fragments,
            _ => limits.fragments_unlisted,
        };
        let spent = self.of(grounds, now);
        let granted = spent.datagrams < limit;
        spent.datagrams += u32::from(granted);
        granted
    }

    fn of(&mut self, grounds: Grounds<'_>, now: u64) -> &mut Spent {
        let account = grounds.device().map_or(Account::Unlisted, |device| {
            Account::Device(device.mac, device.vlan)
        });
        self.accounts.entry(account).or_default().in_second(now)
    }
}

impl Spent {
    fn in_second(&mut self, now: u64) -> &mut Self {
        if self.second != now {
            *self = Self {
                second: now,
                ..Self::default()
            };
        }
        self
    }
}
