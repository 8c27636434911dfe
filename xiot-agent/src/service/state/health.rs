//! Whether the gateway does what it is there for.

/// What of the gateway is in place, as the kernel says right now.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Health {
    /// A policy is in force that the program can judge by.
    pub has_policy: bool,
    /// Ports of the gateway.
    pub ports: usize,
    /// Of those: that run the program.
    pub attached: usize,
}

impl Health {
    /// Why not every frame is judged by the policy; none: it is. Names nothing: strangers may read it.
    pub fn obstacle(&self) -> Option<String> {
        if !self.has_policy {
            return Some("no policy is in force".to_owned());
        }
        (self.attached < self.ports).then(|| {
            let (missing, ports) = (self.ports - self.attached, self.ports);
            format!("the program is not attached to {missing} of {ports} ports")
        })
    }
}
