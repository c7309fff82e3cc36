//! Events of IT operations. The instance tells in a sentence how many it inserted.

use std::collections::BTreeMap;

use http_kit::NotDone;
use http_kit::Repeat;
use reqwest::Method;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use crate::client::Request;
use crate::client::ServiceNow;
use crate::table::unexpected;

impl ServiceNow {
    /// Adds one event. It is refused when the instance took it and inserted nothing.
    pub async fn add_event(&self, event: &Map<String, Value>) -> Result<(), NotDone> {
        let body = json!({ "records": [event] });
        let request = Request {
            method: Method::POST,
            path: "/api/global/em/jsonv2".to_owned(),
            query: Vec::new(),
            body: Some(&body),
            repeat: Repeat::OnlyIfNotCarriedOut,
        };
        let answer = self.send(request).await?;
        let said = answer.pointer("/result/Default Bulk Endpoint").and_then(Value::as_str);
        match said.and_then(|said| said.split_whitespace().next()?.parse::<u64>().ok()) {
            Some(1) => Ok(()),
            Some(0) => {
                let message = "ServiceNow took the event and inserted nothing: give `source` and `severity`".to_owned();
                Err(NotDone::Refused {
                    status: 200,
                    message,
                    fields: BTreeMap::new(),
                })
            }
            _ => Err(unexpected(true)),
        }
    }
}
