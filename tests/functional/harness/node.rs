//! An Elasticsearch of one test's own, for what would disturb every other test: going away and coming back.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::elastic::Elastic;

/// A node that may be stopped; it ends with the test.
#[derive(Debug)]
pub(crate) struct Node {
    port: u16,
    data: tempfile::TempDir,
}

impl Node {
    pub(crate) async fn start() -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let data = tempfile::tempdir().unwrap();
        let node = Self { port, data };
        node.up().await;
        node
    }

    /// Stops it; its data stays.
    pub(crate) async fn down(&self) {
        self.script("down").await;
    }

    /// Starts it, or starts it again.
    pub(crate) async fn up(&self) {
        self.script("up").await;
    }

    pub(crate) async fn client(&self) -> Elastic {
        Elastic::at(&format!("http://127.0.0.1:{}", self.port)).await
    }

    fn command(&self, name: &str) -> std::process::Command {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/elasticsearch");
        let mut command = std::process::Command::new(folder.join(name));
        command.env("ES_PORT", self.port.to_string()).env("ES_HEAP", "512m");
        // A node that lives for a minute is not worth compiling for.
        command.env("ES_JAVA_OPTS", "-XX:TieredStopAtLevel=1");
        command.env("ES_DATA", self.data.path()).stdin(Stdio::null());
        command.stdout(Stdio::null());
        command
    }

    async fn script(&self, name: &str) {
        let ended = Command::from(self.command(name)).status().await.unwrap();
        assert!(
            ended.success(),
            "fixtures/elasticsearch/{name} failed for port {}",
            self.port
        );
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Err(error) = self.command("down").status() {
            eprintln!("could not stop the node on port {}: {error}", self.port);
        }
    }
}
