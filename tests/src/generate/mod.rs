//! Policies and traffic by chance: a small world, so that what meets by chance in a large one meets all the time.

mod addresses;
mod dice;
mod edit;
mod errors;
mod evade;
mod follow;
mod fresh;
mod lease;
mod mangle;
mod name;
mod policy;
mod routed;
mod router;
mod spoof;
mod times;
mod traffic;
mod train;
mod wiring;
mod world;

pub use self::{
    dice::Dice, edit::Edit, mangle::SHORTEST, policy::policies, router::draw as router,
    traffic::Traffic, wiring::wires, world::ROUTER,
};
