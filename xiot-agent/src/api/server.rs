//! Accepts clients: who they are, how many, and one task each. A client can hurt nobody but itself. At the end each is
//! taken leave of.

use std::{
    future::Future,
    io,
    pin::pin,
    sync::{Arc, LazyLock},
    time::Duration,
};

use tokio::{
    net::UnixStream,
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinSet,
    time::timeout,
};

use super::{
    auth::{Access, Peer, groups_of},
    session,
    socket::ControlSocket,
    wire::{Refusal, RefusalCode},
};
use crate::service::{handle::Handle, seldom::Seldom};

/// Clients at a time. One more is told so and sent away.
const MAX_CLIENTS: usize = 64;

/// Refusals that are logged in a minute.
const REFUSALS: u32 = 5;

/// Errors that clients are answered with.
pub(in crate::api) static UNANSWERED: LazyLock<Seldom> =
    LazyLock::new(|| Seldom::new("requests that could not be answered", 5));

/// Pause after a failed accept, so that a lack of file descriptors does not become a busy loop.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Time that clients have at the end to take their last answer.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves the control socket until `end`. Then answers that were begun are finished and followers of drops are told that
/// it is over, as far as clients take it in time.
pub async fn serve(
    socket: &ControlSocket,
    access: Access,
    handle: Handle,
    end: impl Future<Output = ()>,
) -> io::Result<()> {
    let access = Arc::new(access);
    let slots = Arc::new(Semaphore::new(MAX_CLIENTS));
    let (ending, over) = watch::channel(false);
    let mut clients = JoinSet::new();
    let unaccepted = Seldom::new(
        "clients of the control socket that could not be accepted",
        1,
    );
    let refusals = Seldom::new("clients of the control socket that were refused", REFUSALS);
    let mut end = pin!(end);
    let outcome = loop {
        let accepted = tokio::select! {
            () = &mut end => break Ok(()),
            // Those who left take no room.
            Some(_) = clients.join_next() => continue,
            accepted = socket.listener().accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let slot = Arc::clone(&slots).try_acquire_owned().ok();
                let door = Door {
                    access: Arc::clone(&access),
                    refusals: refusals.clone(),
                };
                clients.spawn(welcome(stream, slot, door, handle.clone(), over.clone()));
            }
            Err(error) if is_fatal(&error) => break Err(error),
            Err(error) => {
                unaccepted.write(
                    || tracing::warn!(%error, "a client of the control socket could not be accepted"),
                );
                tokio::time::sleep(ACCEPT_BACKOFF).await;
            }
        }
    };
    ending.send_replace(true);
    let all = async { while clients.join_next().await.is_some() {} };
    if timeout(FAREWELL, all).await.is_err() {
        tracing::debug!("a client of the control socket did not take its last answer");
    }
    outcome
}

/// The listener itself is broken; other errors are about one connection or pass.
fn is_fatal(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EBADF | libc::EINVAL | libc::ENOTSOCK)
    )
}

/// Who may come in, and how those who may not are told of.
struct Door {
    access: Arc<Access>,
    refusals: Seldom,
}

async fn welcome(
    mut stream: UnixStream,
    slot: Option<OwnedSemaphorePermit>,
    Door { access, refusals }: Door,
    handle: Handle,
    over: watch::Receiver<bool>,
) {
    let peer = peer_of(&stream);
    let uid = peer.as_ref().ok().map(|peer| peer.uid);
    let refusal = match peer {
        Ok(peer) => {
            // The user database may ask the network (LDAP): not on the event loop.
            let verdict = {
                let (access, peer) = (Arc::clone(&access), peer.clone());
                tokio::task::spawn_blocking(move || access.permits(&peer, groups_of)).await
            };
            if matches!(verdict, Ok(true)) {
                None
            } else {
                refusals.write(|| {
                    tracing::warn!(
                        uid = peer.uid,
                        gid = peer.gid,
                        pid = peer.pid,
                        "refused a client of the control socket"
                    );
                });
                Some(Refusal {
                    code: RefusalCode::NotPermitted,
                    message: format!(
                        "user {} may not use the control socket: it is for {}",
                        peer.uid,
                        access.describe()
                    ),
                })
            }
        }
        Err(error) => {
            refusals.write(
                || tracing::warn!(%error, "refused a client of the control socket: the kernel does not say who it is"),
            );
            Some(Refusal {
                code: RefusalCode::NotPermitted,
                message: "the kernel does not say who you are".to_owned(),
            })
        }
    };
    let refusal = refusal.or_else(|| {
        slot.is_none().then(|| Refusal {
            code: RefusalCode::Busy,
            message: format!("{MAX_CLIENTS} clients use the control socket already: try again"),
        })
    });
    let outcome = match (refusal, uid) {
        (None, Some(uid)) => session::run(stream, uid, &handle, over).await,
        (Some(refusal), _) => session::refuse(&mut stream, refusal).await,
        (None, None) => Ok(()),
    };
    if let Err(error) = outcome {
        tracing::debug!(%error, "a client of the control socket went away");
    }
    drop(slot);
}

fn peer_of(stream: &UnixStream) -> io::Result<Peer> {
    let credentials = stream.peer_cred()?;
    Ok(Peer {
        uid: credentials.uid(),
        gid: credentials.gid(),
        pid: credentials.pid(),
    })
}
