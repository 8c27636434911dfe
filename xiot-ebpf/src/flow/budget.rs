//! How many flows and fragmented datagrams may come to be in one second: a flood costs its sender, and nobody else
//! (docs/judgement.md, 2.1 and 7).

use aya_ebpf::{
    btf_maps::{Array, PerCpuArray},
    macros::btf_map,
};
use xiot_common::{budget::Budget, reason::Reason};

use crate::config;

/// By device; entry 0 is for all that are not listed. Sized by the loader.
#[btf_map]
static BUDGETS: Array<Budget, 1> = Array::new();

/// Flows opened on this CPU, and the second in which they were.
#[btf_map]
static CPU_BUDGET: PerCpuArray<CpuBudget, 1> = PerCpuArray::new();

#[repr(C)]
struct CpuBudget {
    second: u32,
    flows: u32,
}

/// Takes a new flow into account; the reason if there may be none.
#[inline(always)]
pub(super) fn new_flow(device: u32, by_device: bool, limit: u32, now: u32) -> Result<(), Reason> {
    let Some(budget) = of_device(device, now) else {
        return Err(Reason::FlowBudgetDevice);
    };
    let flows = if by_device {
        &mut budget.opened
    } else {
        &mut budget.accepted
    };
    if *flows >= limit {
        return Err(Reason::FlowBudgetDevice);
    }
    *flows += 1;
    let Some(budget) = CPU_BUDGET.get_ptr_mut(0) else {
        return Err(Reason::FlowBudgetCpu);
    };
    // SAFETY: the element belongs to this CPU, and the program is not interrupted by itself.
    let budget = unsafe { &mut *budget };
    if budget.second != now {
        budget.second = now;
        budget.flows = 0;
    }
    if budget.flows >= config::new_flows_per_cpu() {
        return Err(Reason::FlowBudgetCpu);
    }
    budget.flows += 1;
    Ok(())
}

/// Takes a datagram in fragments into account; false if there may be none.
#[inline(always)]
pub(crate) fn datagram(device: u32, limit: u32, now: u32) -> bool {
    let Some(budget) = of_device(device, now) else {
        return false;
    };
    if budget.datagrams >= limit {
        return false;
    }
    budget.datagrams += 1;
    true
}

#[inline(always)]
fn of_device(device: u32, now: u32) -> Option<&'static mut Budget> {
    let budget = BUDGETS.get_ptr_mut(device)?;
    // SAFETY: the element outlives the program run; CPUs in the same instant may let a few more through.
    let budget = unsafe { &mut *budget };
    if budget.second != now {
        *budget = Budget {
            second: now,
            opened: 0,
            accepted: 0,
            datagrams: 0,
        };
    }
    Some(budget)
}
