//! The page over HTTP: what is served, and what is not.

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::broadcast,
};

use super::*;
use crate::service::{sample::Fake, state::Health};

async fn start(fake: Fake, address: &str) -> SocketAddr {
    let listener = listen(address.parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let devices = DeviceSeries::Off;
    tokio::spawn(serve(
        listener,
        fake.handle(broadcast::channel(1).0),
        devices,
    ));
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
    for path in ["/metrics", "/healthz", "/readyz"] {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            let answer = get(address, method, path).await;
            assert!(answer.starts_with("HTTP/1.1 405"), "{method}: {answer}");
            assert!(
                answer.contains("allow: GET, HEAD\r\n"),
                "{method}: {answer}"
            );
        }
        let answer = get(address, "HEAD", path).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn devices_follow_the_rest_of_the_page() {
    let listener = listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    let handle = Fake::default().handle(broadcast::channel(1).0);
    let devices = DeviceSeries::Group("icu".to_owned());
    tokio::spawn(serve(listener, handle, devices));
    // Without chunks: as long as it takes.
    let page = exchange(address, "GET /metrics HTTP/1.0\r\n\r\n").await;
    assert!(page.starts_with("HTTP/1.0 200"), "{page}");
    let [frames, devices] = ["\nxiot_frames_total{", "\nxiot_device_frames_total{"]
        .map(|series| page.find(series).unwrap_or_else(|| panic!("{page}")));
    assert!(frames < devices);
    let page = get(address, "GET", "/metrics").await;
    assert!(page.contains("transfer-encoding: chunked\r\n"), "{page}");
    assert!(page.contains("pump-icu-12"), "{page}");
}

#[tokio::test]
async fn readiness_says_what_is_missing_and_names_nothing() {
    let health = |has_policy, attached| Health {
        has_policy,
        ports: 2,
        attached,
    };
    for (health, status, body) in [
        (health(true, 2), "200 OK", "ready\n"),
        (
            health(true, 1),
            "503 Service Unavailable",
            "not ready: the program is not attached to 1 of 2 ports\n",
        ),
        (
            health(false, 2),
            "503 Service Unavailable",
            "not ready: no policy is in force\n",
        ),
    ] {
        let fake = Fake {
            health,
            ..Fake::default()
        };
        let address = start(fake, "127.0.0.1:0").await;
        let answer = get(address, "GET", "/readyz").await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{answer}"
        );
        assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{answer}");
        // The agent itself is well.
        let answer = get(address, "GET", "/healthz").await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("\r\n\r\nok\n"), "{answer}");
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
    for (path, status) in [("/metrics", 500), ("/healthz", 503), ("/readyz", 503)] {
        let answer = get(address, "GET", path).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{answer}"
        );
        assert!(!answer.contains("the map is gone"), "{answer}");
    }
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
