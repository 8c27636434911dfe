//! Serves `GET /metrics`, `/healthz` and `/readyz` over HTTP/1.1, nothing else. Scrapers are few; others get no foothold.

mod body;

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use self::body::Pieces;
use super::{DevicePages, page, render};
use crate::service::{handle::Handle, seldom::Seldom, state::DeviceSeries};

/// Connections at a time; others wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 16;

/// A client must send its request headers within this time.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection ends after this time, kept alive or not: scrapers come back, idlers do not hold a place.
const CONNECTION_TIMEOUT: Duration = Duration::from_mins(2);

/// Request headers in bytes, all together.
const MAX_HEADERS: usize = 16 * 1024;

/// Pause after a failed accept, so that a lack of file descriptors does not become a busy loop.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// The address can't be listened on.
#[derive(Debug, thiserror::Error)]
#[error(
    "metrics: can't listen on {address}: {source}; choose another address in the gateway file, or `metrics: off`"
)]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// Why not.
    pub source: std::io::Error,
}

/// Listens on this address.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, ListenError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| ListenError { address, source })
}

/// What every connection needs.
#[derive(Clone)]
struct Scrapers {
    handle: Handle,
    devices: DeviceSeries,
    failures: Seldom,
}

/// Serves scrapers until the future is dropped.
pub async fn serve(listener: TcpListener, handle: Handle, devices: DeviceSeries) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let unaccepted = Seldom::new(
        "connections to the metrics page that could not be accepted",
        1,
    );
    let scrapers = Scrapers {
        handle,
        devices,
        failures: Seldom::new(
            "questions on the metrics address that could not be answered",
            1,
        ),
    };
    scrapers.warn_of_an_empty_group().await;
    loop {
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, scrapers.clone(), slot));
            }
            Err(error) => {
                unaccepted.write(
                    || tracing::warn!(%error, "a connection to the metrics page could not be accepted"),
                );
                tokio::time::sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, scrapers: Scrapers, slot: OwnedSemaphorePermit) {
    let service = service_fn(move |request| {
        let scrapers = scrapers.clone();
        async move { Ok::<_, Infallible>(scrapers.answer(&request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEADERS)
        .serve_connection(TokioIo::new(stream), service);
    match timeout(CONNECTION_TIMEOUT, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "a client of the metrics page went away"),
        Err(elapsed) => tracing::debug!(%elapsed, "a connection to the metrics page was closed"),
    }
    drop(slot);
}

impl Scrapers {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Pieces> {
        let path = request.uri().path();
        if !matches!(path, "/metrics" | "/healthz" | "/readyz") {
            return text(
                StatusCode::NOT_FOUND,
                "only /metrics, /healthz and /readyz are served here\n",
            );
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut response = text(
                StatusCode::METHOD_NOT_ALLOWED,
                "only GET and HEAD are served here\n",
            );
            let allowed = HeaderValue::from_static("GET, HEAD");
            response.headers_mut().insert(ALLOW, allowed);
            return response;
        }
        match path {
            "/healthz" => self.health().await,
            "/readyz" => self.readiness().await,
            _ => self.metrics().await,
        }
    }

    /// The agent answers, and can read what it answers from.
    async fn health(&self) -> Response<Pieces> {
        match self.handle.health().await {
            Ok(_) => text(StatusCode::OK, "ok\n"),
            Err(error) => self.failed(error),
        }
    }

    /// Every frame that comes in at a port is judged by the policy.
    async fn readiness(&self) -> Response<Pieces> {
        match self.handle.health().await.map(|health| health.obstacle()) {
            Ok(None) => text(StatusCode::OK, "ready\n"),
            Ok(Some(obstacle)) => text(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("not ready: {obstacle}\n"),
            ),
            Err(error) => self.failed(error),
        }
    }

    async fn metrics(&self) -> Response<Pieces> {
        match self.page().await {
            Ok(pieces) => {
                let mut response = Response::new(pieces);
                let kind = HeaderValue::from_static(page::CONTENT_TYPE);
                response.headers_mut().insert(CONTENT_TYPE, kind);
                response
            }
            Err(error) => {
                let mut response = self.failed(error);
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            }
        }
    }

    async fn page(&self) -> anyhow::Result<Pieces> {
        let text = render(&self.handle.status().await?)?;
        let group = match &self.devices {
            DeviceSeries::Off => return Ok(Pieces::whole(text)),
            DeviceSeries::All => None,
            DeviceSeries::Group(group) => Some(group.clone()),
        };
        let devices = self.handle.device_totals(group).await?;
        Ok(Pieces::and(text, DevicePages::new(devices)))
    }

    /// What is wrong is for the log: strangers may read the answer.
    fn failed(&self, error: impl Into<anyhow::Error>) -> Response<Pieces> {
        self.failures.write(|| {
            let error: anyhow::Error = error.into();
            tracing::error!("a question on the metrics address could not be answered: {error:#}");
        });
        text(
            StatusCode::SERVICE_UNAVAILABLE,
            "the state of the gateway could not be read: see the agent's log\n",
        )
    }

    async fn warn_of_an_empty_group(&self) {
        let DeviceSeries::Group(group) = &self.devices else {
            return;
        };
        let devices = self.handle.device_totals(Some(group.clone())).await;
        if devices.is_ok_and(|devices| devices.is_empty()) {
            tracing::warn!(
                group,
                "metrics.devices: the policy has no device in this group"
            );
        }
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Response<Pieces> {
    let mut response = Response::new(Pieces::whole(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(CONTENT_TYPE, plain);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests;
