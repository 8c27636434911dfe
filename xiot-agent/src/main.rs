//! The xiot agent.
fn main() {}
