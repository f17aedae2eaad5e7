//! One connection, from its first byte to its last.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;

use super::listener::Stream;
use super::timed::Timed;
use super::tls::Tls;
use crate::App;
use crate::http::Peer;

/// The most bytes that a request's head may have.
const HEAD: usize = 32 << 10;
/// The most lines that it may have.
const LINES: usize = 64;

/// What serves connections.
pub(super) struct Serving {
    app: App,
    service: TowerToHyperService<Router>,
    tls: Option<Arc<Tls>>,
}

impl Serving {
    pub(super) fn new(app: App, router: Router, tls: Option<Arc<Tls>>) -> Self {
        Self { app, service: TowerToHyperService::new(router), tls }
    }

    /// Answers what comes on a connection until it ends, or until the server stops and the request at hand is answered.
    pub(super) async fn serve(&self, stream: Stream, peer: Peer, told: watch::Receiver<bool>) {
        if !self.app.config.may_be_plain(peer.0) {
            tracing::warn!(%peer, "a connection in clear that comes from no proxy is closed");
            return;
        }
        match stream {
            Stream::Tcp(stream) => match &self.tls {
                None => self.converse(stream, peer, told).await,
                Some(tls) => match timeout(self.app.config.limits.head(), tls.accept(stream)).await {
                    Ok(Ok(stream)) => self.converse(stream, peer, told).await,
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "no connection by TLS"),
                    Err(_) => tracing::debug!(%peer, "no connection by TLS in time"),
                },
            },
            #[cfg(unix)]
            Stream::Unix(stream) => self.converse(stream, peer, told).await,
        }
    }

    async fn converse<S>(&self, stream: S, peer: Peer, mut told: watch::Receiver<bool>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limits = &self.app.config.limits;
        let io = TokioIo::new(Timed::new(stream, limits.write()));
        let service = service_fn(|mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(peer);
            self.service.call(request.map(Body::new))
        });
        let mut http = http1::Builder::new();
        // A connection on which nothing is said is ended by the same limit. HTTP/1.1 alone: what a client could ask for at once has an end.
        http.timer(TokioTimer::new()).header_read_timeout(limits.head()).max_buf_size(HEAD).max_headers(LINES);
        let mut connection = std::pin::pin!(http.serve_connection(io, service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = super::stopped(&mut told) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%peer, %error, "a connection broke off");
        }
    }
}
