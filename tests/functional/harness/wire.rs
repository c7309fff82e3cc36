//! The connection between one worker and Elasticsearch, which a test may hold up or cut. Bytes are passed on as they
//! come; what they mean is not known here.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// What the connection does at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line {
    /// Everything passes.
    Open,
    /// Connections end, and new ones end at once.
    Cut,
    /// Nothing passes, and nothing is lost: it arrives later.
    Held,
    /// Requests arrive; instead of an answer the connection ends. Nobody can tell whether a write was carried out.
    AnswersLost,
}

/// A forwarder on a port of its own.
#[derive(Debug)]
pub(crate) struct Wire {
    /// Where the worker finds Elasticsearch.
    pub(crate) url: String,
    line: watch::Sender<Line>,
    forwarder: JoinHandle<()>,
}

impl Wire {
    /// A connection to the node at this address, `http://host:port`.
    pub(crate) async fn to(url: &str) -> Self {
        let host = url.trim_start_matches("http://").trim_end_matches('/');
        let upstream = tokio::net::lookup_host(host).await.unwrap().next().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let line = watch::Sender::new(Line::Open);
        let forwarder = tokio::spawn(forward(listener, upstream, line.subscribe()));
        Self { url, line, forwarder }
    }

    pub(crate) fn set(&self, line: Line) {
        self.line.send_replace(line);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.forwarder.abort();
    }
}

async fn forward(listener: TcpListener, upstream: SocketAddr, line: watch::Receiver<Line>) {
    // Its tasks end with this one.
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (client, _) = accepted.unwrap();
                if *line.borrow() != Line::Cut {
                    connections.spawn(carry(client, upstream, line.clone()));
                }
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn carry(client: TcpStream, upstream: SocketAddr, line: watch::Receiver<Line>) {
    let Ok(server) = TcpStream::connect(upstream).await else {
        return;
    };
    let mut cut = line.clone();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pass(from_client, to_server, line.clone(), false) => {}
        () = pass(from_server, to_client, line, true) => {}
        _ = cut.wait_for(|line| *line == Line::Cut) => {}
    }
}

/// Until either side closes or the line ends it; the other direction ends with this one.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut line: watch::Receiver<Line>, answers: bool) {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut bytes).await else {
            return;
        };
        let Ok(line) = line.wait_for(|line| *line != Line::Held).await.map(|line| *line) else {
            return;
        };
        if answers && line == Line::AnswersLost {
            return;
        }
        if to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
