//! The HTTP server: one address, TLS or this machine only, limits, and an end that cuts nothing off.
//!
//! Which routes there are is said by `api` and `monitoring`.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use elastic_client::{ElasticClient, ElasticError};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::{info, warn};

use super::answers::{after_panic, no_such_method, no_such_route};
use super::api::{Api, routes};
use super::callers::Callers;
use super::monitoring;
use crate::clients::elastic_client;
use crate::config::{Config, TlsFiles};
use crate::operations::actions::Actions;
use crate::telemetry::{Health, Metrics};

/// Requests that are under way at the end get so long, of the 7 s that the service has.
const FAREWELL: Duration = Duration::from_secs(6);
/// The headers of a request, in bytes.
const MOST_HEADERS: usize = 16 * 1024;
/// A connection that sends no headers is closed.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// The server cannot be offered.
#[derive(Debug, Error)]
pub enum ServerError {
    /// The address is taken, or not one of this machine.
    #[error("http.address: cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The operating system's words.
        source: std::io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("{key}: {path} {reason}")]
    Tls {
        /// The key in `config.yml`.
        key: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The client of Elasticsearch could not be made.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    ended: tokio::task::JoinHandle<()>,
}

impl Server {
    /// Listens and answers until `stop` is cancelled. Returns as soon as connections are accepted.
    pub async fn start(
        config: &Config,
        address: SocketAddr,
        actions: Actions,
        watched: (Metrics, Health),
        stop: CancellationToken,
    ) -> Result<Self, ServerError> {
        let client = elastic_client(&config.elasticsearch)?;
        let router = router(config, client, actions.clone(), watched)?;
        let listen = |source| ServerError::Listen { address, source };
        let listener = TcpListener::bind(address).map_err(listen)?;
        listener.set_nonblocking(true).map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let tls = config.http.tls.as_ref().map(tls_config).transpose()?;
        info!(address = %address, tls = tls.is_some(), "the API is served");
        let handle = Handle::new();
        tokio::spawn(farewell(handle.clone(), stop.clone()));
        let serving = serve(listener, tls, handle, router);
        let ended = tokio::spawn(async move {
            let all_answered = async {
                if let Err(error) = serving.await {
                    warn!(error = %error, "the API is not served any more");
                }
                actions.finish().await;
            };
            let time_is_over = async {
                stop.cancelled().await;
                tokio::time::sleep(FAREWELL).await;
            };
            tokio::select! {
                () = all_answered => {}
                () = time_is_over => {
                    warn!("an action was still running at the end; what it came to is not recorded");
                }
            }
        });
        Ok(Self { address, ended })
    }

    /// Returns when the last answer is given and the last action has ended, or their time is over.
    pub async fn ended(self) {
        if let Err(error) = self.ended.await {
            warn!(error = %error, "the API ended in a fault of this program");
        }
    }
}

fn router(
    config: &Config,
    client: ElasticClient,
    actions: Actions,
    watched: (Metrics, Health),
) -> Result<Router, ServerError> {
    let (metrics, health) = watched;
    let api = Api {
        callers: Callers::new(client.clone(), &config.http),
        client,
        actions,
        max_body: usize::try_from(config.http.max_body).unwrap_or(usize::MAX),
        body_within: config.http.request_timeout,
    };
    let router = routes(Arc::new(api))
        .merge(monitoring::routes(&config.elasticsearch, metrics, health)?)
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(CatchPanicLayer::custom(after_panic));
    Ok(router)
}

async fn farewell(handle: Handle<SocketAddr>, stop: CancellationToken) {
    stop.cancelled().await;
    handle.graceful_shutdown(Some(FAREWELL));
}

async fn serve(
    listener: TcpListener,
    tls: Option<RustlsConfig>,
    handle: Handle<SocketAddr>,
    router: Router,
) -> std::io::Result<()> {
    match tls {
        Some(tls) => {
            let mut server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle);
            limit(server.http_builder());
            server.serve(router.into_make_service()).await
        }
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle);
            limit(server.http_builder());
            server.serve(router.into_make_service()).await
        }
    }
}

fn limit(builder: &mut hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>) {
    builder
        .http1()
        .max_buf_size(MOST_HEADERS)
        .timer(hyper_util::rt::TokioTimer::new())
        .header_read_timeout(HEADERS_WITHIN);
    builder
        .http2()
        .max_header_list_size(u32::try_from(MOST_HEADERS).unwrap_or(u32::MAX));
}

fn tls_config(files: &TlsFiles) -> Result<RustlsConfig, ServerError> {
    let of_certificate = |reason: String| ServerError::Tls {
        key: "http.tls.certificate",
        path: files.certificate.clone(),
        reason,
    };
    let of_key = |reason: String| ServerError::Tls {
        key: "http.tls.key",
        path: files.key.clone(),
        reason,
    };
    let certificates = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| of_certificate(format!("cannot be read as PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(of_certificate("holds no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| of_key(format!("cannot be read as a PEM key: {error}")))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("the provider supports the default versions")
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(|error| of_key(format!("does not fit the certificate: {error}")))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}
