//! Who may use the control socket: root, the agent's own user, and members of the configured group.
//!
//! The kernel already asks for write permission on the socket file (0660). This check holds whatever somebody did to
//! the file's mode since, and is what writes the log line.

use std::ffi::CString;

use nix::unistd::{Gid, Group, Uid, User, getgrouplist};

/// Who may use the socket.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Access {
    /// User of the agent.
    pub owner: u32,
    /// Group whose members may, with its id.
    pub group: Option<(String, u32)>,
}

/// Who is at the other end, by the kernel's word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Peer {
    /// Effective user id when it connected.
    pub uid: u32,
    /// Effective group id.
    pub gid: u32,
    /// Process id, where the kernel says.
    pub pid: Option<i32>,
}

/// The configured group can't be used.
#[derive(Debug, thiserror::Error)]
pub enum GroupError {
    /// There is no such group.
    #[error(
        "control.group: there is no group `{0}` on this host: create it (groupadd --system {0}) or correct the name"
    )]
    Unknown(String),
    /// The group database can't be read.
    #[error("control.group: the group database can't be read for `{group}`")]
    Lookup {
        /// The group.
        group: String,
        /// Why.
        source: nix::Error,
    },
}

impl Access {
    /// Access for this user and the members of `group`.
    pub fn new(owner: u32, group: Option<&str>) -> Result<Self, GroupError> {
        let group = group.map(group_id).transpose()?;
        Ok(Self { owner, group })
    }

    /// Whether the peer may. `groups` tells the groups of a user from the user database: membership counts from the
    /// moment it is entered there.
    pub fn permits(&self, peer: &Peer, groups: impl FnOnce(u32) -> Vec<u32>) -> bool {
        if peer.uid == 0 || peer.uid == self.owner {
            return true;
        }
        match &self.group {
            None => false,
            Some((_, gid)) => peer.gid == *gid || groups(peer.uid).contains(gid),
        }
    }

    /// Who may, in words for a refusal.
    pub fn describe(&self) -> String {
        match &self.group {
            Some((name, _)) => format!("root and members of group {name}"),
            None => "root alone (control.group in the gateway file lets a group in)".to_owned(),
        }
    }
}

fn group_id(name: &str) -> Result<(String, u32), GroupError> {
    match Group::from_name(name) {
        Ok(Some(group)) => Ok((name.to_owned(), group.gid.as_raw())),
        Ok(None) => Err(GroupError::Unknown(name.to_owned())),
        Err(source) => Err(GroupError::Lookup {
            group: name.to_owned(),
            source,
        }),
    }
}

/// Name of this user by the user database.
pub fn name_of(uid: u32) -> Option<String> {
    let user = User::from_uid(Uid::from_raw(uid)).ok()??;
    Some(user.name)
}

/// Groups of this user by the user database; empty for a user that is not in it.
pub fn groups_of(uid: u32) -> Vec<u32> {
    let Ok(Some(user)) = User::from_uid(Uid::from_raw(uid)) else {
        return Vec::new();
    };
    let Ok(name) = CString::new(user.name) else {
        return Vec::new();
    };
    getgrouplist(&name, user.gid)
        .map(|groups| groups.into_iter().map(Gid::as_raw).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access(group: Option<u32>) -> Access {
        Access {
            owner: 900,
            group: group.map(|gid| ("netops".to_owned(), gid)),
        }
    }

    fn peer(uid: u32, gid: u32) -> Peer {
        Peer {
            uid,
            gid,
            pid: Some(1),
        }
    }

    #[test]
    fn root_and_the_owner_may() {
        for uid in [0, 900] {
            assert!(access(None).permits(&peer(uid, 65534), |_| Vec::new()));
        }
    }

    #[test]
    fn others_may_not_without_a_group() {
        assert!(!access(None).permits(&peer(1000, 0), |_| vec![0, 50]));
    }

    #[test]
    fn members_may_by_primary_or_supplementary_group() {
        assert!(access(Some(50)).permits(&peer(1000, 50), |_| Vec::new()));
        assert!(access(Some(50)).permits(&peer(1000, 1000), |_| vec![1000, 50]));
        assert!(!access(Some(50)).permits(&peer(1000, 1000), |_| vec![1000, 51]));
    }

    #[test]
    fn the_group_must_exist() {
        let error = Access::new(0, Some("no-such-group-here")).unwrap_err();
        assert!(error.to_string().contains("groupadd"), "{error}");
        assert_eq!(Access::new(0, Some("root")).unwrap().group.unwrap().1, 0);
    }

    #[test]
    fn the_user_database_knows_root() {
        assert!(groups_of(0).contains(&0));
        assert!(groups_of(4_000_000_000).is_empty());
    }
}
