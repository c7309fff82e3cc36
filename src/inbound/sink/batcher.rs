//! Collects operations into batches by count and bytes, and keeps several bulk requests in flight.
//!
//! It runs as one task; `index_sink` talks to it through a queue. What happens to a batch is left to `delivery`.

use std::sync::Arc;
use std::time::Duration;

use sync_engine::sync::SinkError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tracing::warn;

use super::delivery::{Delivery, Queued};
use super::options::BatchLimits;

/// An open batch is sent when nothing was added for this long: it holds budget that a large document may wait for.
const LINGER: Duration = Duration::from_millis(100);
/// The same while Elasticsearch has nothing to do.
const IDLE_LINGER: Duration = Duration::from_millis(10);
/// A sync that ends early waits this long for the answers to its last requests.
const LAST_ANSWERS: Duration = Duration::from_secs(30);

/// Requests of the sink to the task.
#[derive(Debug)]
pub(super) enum Command {
    /// Write this.
    Write(Queued),
    /// Say when everything written before has an outcome.
    Flush(oneshot::Sender<()>),
}

/// Runs until the sink is dropped or closed, or a batch fails as a whole.
pub(super) async fn run(
    delivery: Arc<Delivery>,
    limits: BatchLimits,
    mut commands: mpsc::Receiver<Command>,
) -> Result<(), SinkError> {
    let closed = delivery.index.closed.clone();
    let mut batcher = Batcher {
        delivery,
        limits,
        open: Vec::new(),
        lines: 0,
        bytes: 0,
        in_flight: JoinSet::new(),
        sent: 0,
    };
    let served = closed.run_until_cancelled(batcher.serve(&mut commands)).await;
    batcher.settle().await;
    served.unwrap_or(Ok(()))
}

struct Batcher {
    delivery: Arc<Delivery>,
    limits: BatchLimits,
    open: Vec<Queued>,
    lines: usize,
    bytes: usize,
    in_flight: JoinSet<Result<(), SinkError>>,
    /// Batches since the last flush.
    sent: usize,
}

impl Batcher {
    async fn serve(&mut self, commands: &mut mpsc::Receiver<Command>) -> Result<(), SinkError> {
        loop {
            let lingering = !self.open.is_empty();
            let linger = if self.in_flight.is_empty() { IDLE_LINGER } else { LINGER };
            tokio::select! {
                command = commands.recv() => match command {
                    Some(Command::Write(queued)) => self.add(queued).await?,
                    Some(Command::Flush(done)) => {
                        self.drain().await?;
                        // The sink may have been dropped while it waited; nobody needs the answer then.
                        done.send(()).unwrap_or_default();
                    }
                    None => return self.drain().await,
                },
                Some(finished) = self.in_flight.join_next() => joined(finished)?,
                () = tokio::time::sleep(linger), if lingering => self.send_open().await?,
            }
        }
    }

    /// Elasticsearch carries out what was sent, whoever waits for it; only its answers make it count.
    async fn settle(&mut self) {
        let answers = async { while self.in_flight.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_ANSWERS, answers).await.is_err() {
            warn!("bulk requests have no answer yet; the documents in them are not counted");
        }
    }

    async fn add(&mut self, queued: Queued) -> Result<(), SinkError> {
        let lines = if queued.is_delete() { 1 } else { 2 };
        let bytes = queued.size();
        let too_many = self.lines + lines > self.limits.lines || self.bytes + bytes > self.limits.bytes;
        if too_many && !self.open.is_empty() {
            self.send_open().await?;
        }
        self.lines += lines;
        self.bytes += bytes;
        self.open.push(queued);
        Ok(())
    }

    async fn send_open(&mut self) -> Result<(), SinkError> {
        while self.in_flight.len() >= self.delivery.in_flight.current() {
            if let Some(finished) = self.in_flight.join_next().await {
                joined(finished)?;
            }
        }
        let batch = std::mem::take(&mut self.open);
        self.sent += 1;
        (self.lines, self.bytes) = (0, 0);
        let delivery = Arc::clone(&self.delivery);
        self.in_flight.spawn(async move { delivery.deliver(batch).await });
        Ok(())
    }

    async fn drain(&mut self) -> Result<(), SinkError> {
        if !self.open.is_empty() {
            self.send_open().await?;
        }
        let much = std::mem::take(&mut self.sent) > self.limits.in_flight;
        let delivery = Arc::clone(&self.delivery);
        let visible = async {
            if much {
                delivery.index.refresh().await;
            }
            Ok::<(), SinkError>(())
        };
        let answers = async {
            while let Some(finished) = self.in_flight.join_next().await {
                joined(finished)?;
            }
            Ok(())
        };
        // Making much visible takes a while: Elasticsearch begins with it while it works on the last batches.
        tokio::try_join!(answers, visible)?;
        Ok(())
    }
}

fn joined(finished: Result<Result<(), SinkError>, tokio::task::JoinError>) -> Result<(), SinkError> {
    finished.map_err(|error| SinkError::Closed(error.to_string()))?
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;
    use sync_engine::sync::{DocumentId, Operation, Progress, Sink as _, Unfenced};
    use test_case::test_case;

    use super::super::bulk_answers::options;
    use super::super::mini_node::MiniNode;
    use super::super::{IndexSink, Target};
    use super::*;

    const DOCUMENT: usize = 1_000;
    /// What an operation takes besides.
    const ACTION_LINE: usize = 64;

    async fn sink(limits: BatchLimits) -> (MiniNode, IndexSink) {
        let node = MiniNode::start().await;
        node.put("jira", "there", json!({}));
        let (mut options, progress) = (options(), Arc::new(Progress::default()));
        options.batch = limits;
        let target = Target {
            index: "jira".to_owned(),
            ..Target::default()
        };
        let sink = IndexSink::start(node.client.clone(), target, options, progress, Arc::new(Unfenced));
        (node, sink)
    }

    /// `d` is a deletion, a digit a document of so many times the usual size.
    async fn write(sink: &IndexSink, operations: &str) {
        for (number, what) in operations.chars().enumerate() {
            let id = format!("{number}{what}");
            let operation = match what.to_digit(10) {
                None => Operation::Delete { id },
                Some(times) => {
                    let mut source = json!({ "text": "" }).to_string();
                    let text = "x".repeat(DOCUMENT * times as usize - source.len() - id.len());
                    source.insert_str(source.len() - 2, &text);
                    Operation::Index {
                        id: DocumentId::new(id),
                        issue_id: None,
                        ticket: None,
                        with_content: false,
                        source: source.into(),
                    }
                }
            };
            sink.write(operation).await.unwrap();
        }
    }

    #[test_case("1111", 4, &["0,1", "2,3"]; "two lines each")]
    #[test_case("111", 5, &["0,1", "2"]; "no half of a document")]
    #[test_case("ddddd", 4, &["0,1,2,3", "4"]; "one line for a deletion")]
    #[test_case("1d1d", 4, &["0,1", "2,3"]; "both")]
    #[test_case("111111", 500, &["0,1,2", "3,4,5"]; "by their bytes")]
    #[test_case("191", 500, &["0", "1", "2"]; "a large one alone")]
    #[test_case("91", 500, &["0", "1"]; "a large one first")]
    #[tokio::test]
    async fn batches_are_as_large_as_their_limits_and_no_larger(operations: &str, lines: usize, expected: &[&str]) {
        let limits = BatchLimits {
            lines,
            bytes: 3 * (DOCUMENT + ACTION_LINE),
            in_flight: 2,
        };
        let (node, sink) = sink(limits).await;
        write(&sink, operations).await;
        sink.flush().await.unwrap();
        let mut batches: Vec<String> = node.held.lock().batches.iter().map(|batch| numbers(batch)).collect();
        batches.sort();
        assert_eq!(batches, expected);
        // Only after more batches than go out side by side is it worth while to make them visible meanwhile.
        assert_eq!(node.asked("POST /jira/_refresh"), usize::from(expected.len() > 2));
    }

    fn numbers(batch: &[String]) -> String {
        let all: Vec<&str> = batch.iter().map(|id| &id[..id.len() - 1]).collect();
        all.join(",")
    }

    #[tokio::test]
    async fn what_nobody_adds_to_any_more_leaves_by_itself() {
        let (node, sink) = sink(options().batch).await;
        write(&sink, "1").await;
        let left = async {
            while node.held.lock().batches.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        let left = tokio::time::timeout(Duration::from_secs(20), left).await;
        assert!(left.is_ok(), "the document stays behind");
    }
}
