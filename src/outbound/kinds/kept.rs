//! Keeps what a kind made of a connector's settings (a client, with its tokens and limits) for the next calls.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ring::digest::{SHA256, digest};
use serde_json::Value;
use tokio::time::Instant;

use crate::outbound::connector::Connector;

/// Things made of connectors, by the id of the connector. Other settings or secrets make another one.
#[derive(Debug)]
pub(super) struct Kept<T> {
    for_so_long: Duration,
    things: Mutex<HashMap<String, Thing<T>>>,
}

#[derive(Debug)]
struct Thing<T> {
    made_of: Vec<u8>,
    made: Instant,
    thing: Arc<T>,
}

impl<T> Kept<T> {
    pub(super) fn new(for_so_long: Duration) -> Self {
        Self {
            for_so_long,
            things: Mutex::default(),
        }
    }

    /// The one that is kept, or a new one.
    pub(super) async fn or_make<E>(
        &self,
        connector: &Connector,
        make: impl Future<Output = Result<T, E>>,
    ) -> Result<Arc<T>, E> {
        let made_of = hash(connector);
        if let Some(known) = self.things.lock().get(&connector.id)
            && known.made_of == made_of
            && known.made.elapsed() < self.for_so_long
        {
            return Ok(Arc::clone(&known.thing));
        }
        let thing = Arc::new(make.await?);
        let kept = Thing {
            made_of,
            made: Instant::now(),
            thing: Arc::clone(&thing),
        };
        self.things.lock().insert(connector.id.clone(), kept);
        Ok(thing)
    }
}

fn hash(connector: &Connector) -> Vec<u8> {
    let parts = Value::from(vec![
        Value::Object(connector.config.clone()),
        Value::Object(connector.secrets.to_json()),
    ]);
    digest(&SHA256, parts.to_string().as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;
    use crate::outbound::connector::Secrets;

    #[tokio::test(start_paused = true)]
    async fn other_secrets_and_the_end_of_its_time_make_another_one() {
        let kept = Kept::new(Duration::from_secs(60));
        let mut connector = Connector {
            id: "ops".to_owned(),
            kind: ".jira".to_owned(),
            name: String::new(),
            config: Map::new(),
            secrets: Secrets::default(),
        };
        let make = async |connector: &Connector, number: u32| {
            let thing = kept.or_make(connector, async { Ok::<_, ()>(number) }).await;
            *thing.unwrap()
        };
        assert_eq!(make(&connector, 1).await, 1);
        assert_eq!(make(&connector, 2).await, 1);
        let secrets = json!({ "apiToken": "other" });
        connector.secrets = Secrets::from_json(secrets.as_object().unwrap());
        assert_eq!(make(&connector, 3).await, 3);
        tokio::time::advance(Duration::from_secs(61)).await;
        assert_eq!(make(&connector, 4).await, 4);
    }
}
