//! The page over HTTP: what is served, and what is not.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::broadcast,
};

use super::*;
use crate::service::sample::Fake;

async fn start(fake: Fake, address: &str) -> SocketAddr {
    let listener = listen(address.parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(listener, fake.handle(broadcast::channel(1).0)));
    address
}

async fn exchange(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn get(address: SocketAddr, method: &str, path: &str) -> String {
    let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    exchange(address, &request).await
}

#[tokio::test]
async fn the_page_is_served_and_nothing_else() {
    let address = start(Fake::default(), "127.0.0.1:0").await;
    let page = get(address, "GET", "/metrics").await;
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n"), "{page}");
    assert!(
        page.contains("content-type: text/plain; version=0.0.4"),
        "{page}"
    );
    assert!(page.contains("\nxiot_frames_total{"), "{page}");
    let page = get(address, "GET", "/metrics?collect[]=x").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
    for path in ["/", "/metrics/", "/metrics/../etc/passwd", "/debug"] {
        let answer = get(address, "GET", path).await;
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
        let answer = get(address, method, "/metrics").await;
        assert!(answer.starts_with("HTTP/1.1 405"), "{method}: {answer}");
        assert!(answer.contains("allow: GET\r\n"), "{method}: {answer}");
    }
}

#[tokio::test]
async fn garbage_gets_an_error_and_the_next_client_its_page() {
    let address = start(Fake::default(), "127.0.0.1:0").await;
    for garbage in [
        "\u{16}\u{3}\u{1}\r\n\r\n".to_owned(),
        format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(MAX_HEADERS)),
    ] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(garbage.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The server may close before it has read everything: a reset is as good as an end.
        stream.read_to_end(&mut answer).await.unwrap_or_default();
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
    let page = get(address, "GET", "/metrics").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
}

#[tokio::test]
async fn maps_that_cannot_be_read_are_an_error() {
    let fake = Fake {
        fail: true,
        ..Fake::default()
    };
    let address = start(fake, "127.0.0.1:0").await;
    let answer = get(address, "GET", "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 500"), "{answer}");
}

#[tokio::test]
async fn an_ipv6_address_does_as_well() {
    let address = start(Fake::default(), "[::1]:0").await;
    let page = get(address, "GET", "/metrics").await;
    assert!(page.starts_with("HTTP/1.1 200"), "{page}");
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    let address = start(Fake::default(), "127.0.0.1:0").await;
    let error = listen(address).await.unwrap_err().to_string();
    assert!(error.contains(&address.to_string()), "{error}");
    assert!(error.contains("metrics: off"), "{error}");
}
