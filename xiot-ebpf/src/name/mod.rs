//! DNS names: what devices are told of the addresses that they have (docs/judgement.md, 13).

pub(crate) mod answer;
mod record;
pub(crate) mod told;
