//! Gateways on the real kernel: up, down, taken over, refused. Every refusal must leave everything as it was.

mod apart;
mod edges;
mod fail;
mod jumbo;
mod learned;
mod modes;
mod moved;
mod privileges;
mod refusals;
mod remains;
mod routers;
mod takeover;
mod up_down;
mod ward;
