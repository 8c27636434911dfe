//! A generator of frames, gateways of all kinds, and what the policy of a site is.

pub(crate) mod conntrack;
pub(crate) mod frames;
pub(crate) mod gateway;
pub(crate) mod line;
pub(crate) mod programs;
pub(crate) mod sender;
pub(crate) mod site;
