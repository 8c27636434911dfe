//! Claiming a socket from the living, the dead and the wrong.

use std::os::unix::net::{UnixListener as StdListener, UnixStream as StdStream};

use nix::sys::socket::{Backlog, listen};
use tempfile::TempDir;

use super::*;

fn access() -> Access {
    Access {
        owner: 0,
        group: None,
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn a_fresh_socket_has_its_directory_and_modes_and_goes_away() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("run/xiot/control.sock");
    let socket = ControlSocket::claim(&path, &access()).unwrap();
    assert_eq!(mode(&path), 0o660);
    assert_eq!(mode(path.parent().unwrap()), 0o755);
    drop(socket);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_live_agents_socket_is_left_alone_and_named() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("control.sock");
    let first = ControlSocket::claim(&path, &access()).unwrap();
    let error = ControlSocket::claim(&path, &access()).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, SocketError::InUse { .. }), "{text}");
    assert!(text.contains(&path.display().to_string()), "{text}");
    assert!(text.contains(&std::process::id().to_string()), "{text}");
    StdStream::connect(&path).unwrap();
    drop(first);
}

#[tokio::test]
async fn a_dead_agents_socket_is_replaced() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("control.sock");
    drop(StdListener::bind(&path).unwrap());
    assert!(path.exists(), "std leaves the file behind");
    let socket = ControlSocket::claim(&path, &access()).unwrap();
    StdStream::connect(&path).unwrap();
    drop(socket);
}

#[tokio::test]
async fn a_file_in_the_way_stays() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("control.sock");
    fs::write(&path, "precious").unwrap();
    let error = ControlSocket::claim(&path, &access()).unwrap_err();
    assert!(matches!(error, SocketError::NotASocket { .. }), "{error}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
}

#[tokio::test]
async fn paths_that_no_socket_can_have_are_refused() {
    for path in [
        "control.sock".to_owned(),
        format!("/tmp/{}", "x".repeat(120)),
    ] {
        let error = ControlSocket::claim(Path::new(&path), &access()).unwrap_err();
        assert!(matches!(error, SocketError::BadPath { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_socket_that_was_replaced_is_not_removed() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("control.sock");
    let socket = ControlSocket::claim(&path, &access()).unwrap();
    fs::rename(&path, dir.path().join("moved.sock")).unwrap();
    let _other = StdListener::bind(&path).unwrap();
    drop(socket);
    assert!(path.exists());
}

#[tokio::test]
async fn a_claim_in_progress_is_waited_for_by_trying_again() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("control.sock");
    let held = File::open(dir.path()).unwrap();
    held.lock().unwrap();
    let error = ControlSocket::claim(&path, &access()).unwrap_err();
    assert!(matches!(error, SocketError::Contended { .. }), "{error}");
}

#[tokio::test]
async fn an_agent_whose_queue_is_full_is_left_alone() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("control.sock");
    let busy = StdListener::bind(&path).unwrap();
    listen(&busy, Backlog::new(0).unwrap()).unwrap();
    let _waiting = StdStream::connect(&path).unwrap();
    let error = ControlSocket::claim(&path, &access()).unwrap_err();
    assert!(
        matches!(error, SocketError::InUse { pid: None, .. }),
        "{error}"
    );
    assert!(path.exists());
}
