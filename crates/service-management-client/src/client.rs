//! Sends actions on alerts, and follows a request to its end.
//!
//! Everything but a note may be sent twice: alerts of one alias are one alert while it is open.

use std::fmt;
use std::time::{Duration, Instant};

use http_kit::{ConnectionFault, Fault, FaultKind, NotDone, Repeat, RetryPlan, Tries, Waits, redacted};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, Response};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

use crate::address::segment;
use crate::answer::{refusal, wait};

/// An answer is given up after this.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);
/// Answers are no longer than this, in bytes.
const LONGEST_ANSWER: usize = 1024 * 1024;
const PLAN: RetryPlan = RetryPlan {
    retries: 2,
    waits: Waits::Doubling {
        first: Duration::from_millis(500),
        longest: Duration::from_secs(4),
    },
    longest_named: Duration::from_secs(5),
    limited_for: Duration::from_secs(10),
    outage_for: Duration::ZERO,
};
/// Looks at a request that is not processed yet, with these waits before each, and the last one from then on.
const LOOKS: [Duration; 4] = [
    Duration::from_millis(100),
    Duration::from_millis(400),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// Talks to one alert API with one key.
#[derive(Clone)]
pub struct ServiceManagementClient {
    http: reqwest::Client,
    alerts: Url,
    key: SecretString,
}

/// A request that will be processed.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accepted {
    /// `Request will be processed`.
    pub result: String,
    /// Seconds.
    pub took: f64,
    /// By this id it can be followed.
    pub request_id: String,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Processed {
    /// Whether it came to something.
    pub is_success: bool,
    /// In the API's words: `Created alert`.
    pub status: String,
    /// The alert, if there is one.
    pub alert_id: Option<String>,
    /// Its alias.
    pub alias: Option<String>,
}

impl fmt::Debug for ServiceManagementClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceManagementClient")
            .field("host", &self.alerts.host_str())
            .finish_non_exhaustive()
    }
}

impl ServiceManagementClient {
    /// For the alerts at this address (see [`alerts_address`](crate::alerts_address)).
    pub fn new(http: reqwest::Client, alerts: Url, key: SecretString) -> Self {
        Self { http, alerts, key }
    }

    /// Opens an alert, or counts another occurrence of the one that is open. The body must have an `alias`: without one
    /// a second try would open a second alert.
    pub async fn create(&self, alert: &Map<String, Value>) -> Result<Accepted, NotDone> {
        self.act(self.alerts.clone(), alert, Repeat::Idempotent).await
    }

    /// Does something with the open alert of this alias: `close`, `acknowledge`, `notes`.
    pub async fn on_alert(&self, alias: &str, action: &str, body: &Map<String, Value>) -> Result<Accepted, NotDone> {
        let mut address = self.alerts.clone();
        address.set_path(&format!("{}/{}/{action}", self.alerts.path(), segment(alias)));
        address.set_query(Some("identifierType=alias"));
        // A second note is a second note.
        let repeat = if action == "notes" {
            Repeat::OnlyIfNotCarriedOut
        } else {
            Repeat::Idempotent
        };
        self.act(address, body, repeat).await
    }

    /// What became of a request; none when it was not processed within `patience`.
    pub async fn followed(&self, request_id: &str, patience: Duration) -> Result<Option<Processed>, NotDone> {
        let began = Instant::now();
        let mut address = self.alerts.clone();
        address.set_path(&format!("{}/requests/{}", self.alerts.path(), segment(request_id)));
        for look in 0.. {
            let wait = LOOKS[look.min(LOOKS.len() - 1)];
            if began.elapsed() + wait > patience {
                return Ok(None);
            }
            tokio::time::sleep(wait).await;
            if let Some(body) = self.send(Method::GET, &address, None, Repeat::Idempotent).await? {
                return Ok(Some(processed(&body)));
            }
        }
        Ok(None)
    }

    /// Sends a body that is refused, and says how: 422 by an API that knows the key, 401 by one that does not. Nothing is
    /// made either way.
    pub async fn probe(&self) -> Result<(), NotDone> {
        match self
            .send(Method::POST, &self.alerts, Some(&Map::new()), Repeat::Idempotent)
            .await
        {
            Err(NotDone::Refused { status: 422, .. }) => Ok(()),
            Err(error) => Err(error),
            Ok(_) => Err(NotDone::Unknown(
                "the alert API accepted an alert without a message".to_owned(),
            )),
        }
    }

    async fn act(&self, address: Url, body: &Map<String, Value>, repeat: Repeat) -> Result<Accepted, NotDone> {
        let answer = self
            .send(Method::POST, &address, Some(body), repeat)
            .await?
            .unwrap_or_default();
        serde_json::from_value(Value::Object(answer))
            .map_err(|error| NotDone::Unknown(format!("the alert API answered in another form: {error}")))
    }

    /// The JSON body of a success; none for a request that is not processed yet.
    async fn send(
        &self,
        method: Method,
        address: &Url,
        body: Option<&Map<String, Value>>,
        repeat: Repeat,
    ) -> Result<Option<Map<String, Value>>, NotDone> {
        let mut tries = Tries::new(PLAN);
        let mut may_be_done = false;
        loop {
            let (fault, error) = match self.once(&method, address, body).await {
                Ok(answer) => return Ok(answer),
                Err(fault) => fault,
            };
            match tries.next_wait(fault, repeat, None) {
                Some(wait) => tokio::time::sleep(wait).await,
                // What an earlier try may have done is not undone by the refusal of the last one.
                None if may_be_done => return Err(self.without_key(NotDone::Unknown(error.to_string()))),
                None => return Err(self.without_key(error)),
            }
            may_be_done |= fault.may_have_acted;
        }
    }

    async fn once(
        &self,
        method: &Method,
        address: &Url,
        body: Option<&Map<String, Value>>,
    ) -> Result<Option<Map<String, Value>>, (Fault, NotDone)> {
        let mut authorization =
            HeaderValue::from_str(&format!("GenieKey {}", self.key.expose_secret())).map_err(|_| {
                let text = "apiKey holds characters that a header cannot carry, such as a line break; paste it again";
                (final_fault(), NotDone::NotSent(text.to_owned()))
            })?;
        authorization.set_sensitive(true);
        let mut request = self
            .http
            .request(method.clone(), address.clone())
            .timeout(ANSWER_WITHIN)
            .header(AUTHORIZATION, authorization);
        if let Some(body) = body {
            request = request.json(body);
        }
        match request.send().await {
            Ok(response) => self.read(response).await,
            Err(error) => Err(self.unanswered(ConnectionFault::of(error))),
        }
    }

    async fn read(&self, mut response: Response) -> Result<Option<Map<String, Value>>, (Fault, NotDone)> {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.unanswered(ConnectionFault::of(error)))?
        {
            body.extend_from_slice(&chunk);
            if body.len() > LONGEST_ANSWER {
                let text = format!("the answer is longer than {LONGEST_ANSWER} bytes; look at apiUrl");
                return Err((final_fault(), NotDone::Unknown(text)));
            }
        }
        let content_type = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or("no content type");
        let refused = || refusal(status, &body, content_type);
        let is_waiting = headers
            .get("x-opsgenie-errortype")
            .is_some_and(|kind| kind == "RequestNotProcessed");
        match status {
            404 if is_waiting => Ok(None),
            200..=299 => match serde_json::from_slice(&body) {
                Ok(body) => Ok(Some(body)),
                Err(_) => Err((final_fault(), refused())),
            },
            429 => {
                let wait = wait(&headers);
                let fault = Fault {
                    kind: FaultKind::Limited,
                    may_have_acted: false,
                    named_wait: Some(wait),
                };
                let reason = headers.get("x-ratelimit-reason").and_then(|value| value.to_str().ok());
                let message = format!(
                    "the alert API limits the rate of requests ({}); it asks to wait {} s",
                    reason.unwrap_or("no reason given"),
                    wait.as_secs()
                );
                Err((fault, NotDone::Throttled { wait, message }))
            }
            500..=599 => {
                let fault = Fault {
                    kind: FaultKind::Passing,
                    may_have_acted: true,
                    named_wait: None,
                };
                Err((fault, NotDone::Unknown(refused().to_string())))
            }
            _ => Err((final_fault(), refused())),
        }
    }

    fn unanswered(&self, fault: ConnectionFault) -> (Fault, NotDone) {
        let host = self.alerts.host_str().unwrap_or_default();
        let (text, may_have_acted) = match &fault {
            ConnectionFault::ConnectTimeout { reason } => {
                (format!("{host} cannot be reached in time: {reason}"), false)
            }
            ConnectionFault::Connect { reason } => (format!("{host} cannot be reached: {reason}"), false),
            ConnectionFault::Tls { reason, .. } => (format!("no trusted connection to {host}: {reason}"), false),
            ConnectionFault::Unsendable { reason } => (format!("the request cannot be sent: {reason}"), false),
            ConnectionFault::AnswerTimeout => (
                format!("{host} did not answer within {} s", ANSWER_WITHIN.as_secs()),
                true,
            ),
            ConnectionFault::Interrupted { reason } => (format!("the connection to {host} broke: {reason}"), true),
        };
        let kind = match &fault {
            ConnectionFault::Tls { .. } | ConnectionFault::Unsendable { .. } => FaultKind::Final,
            _ => FaultKind::Passing,
        };
        let judged = Fault {
            kind,
            may_have_acted,
            named_wait: None,
        };
        let error = if may_have_acted {
            NotDone::Unknown(text)
        } else {
            NotDone::NotSent(text)
        };
        (judged, error)
    }

    /// Servers repeat what they were sent.
    fn without_key(&self, error: NotDone) -> NotDone {
        let clean = |text: String| redacted(text, [self.key.expose_secret()]);
        match error {
            NotDone::Refused {
                status,
                message,
                fields,
            } => NotDone::Refused {
                status,
                message: clean(message),
                fields: fields
                    .into_iter()
                    .map(|(field, problem)| (field, clean(problem)))
                    .collect(),
            },
            NotDone::Throttled { wait, message } => NotDone::Throttled {
                wait,
                message: clean(message),
            },
            NotDone::NotSent(text) => NotDone::NotSent(clean(text)),
            NotDone::Unknown(text) => NotDone::Unknown(clean(text)),
        }
    }
}

fn final_fault() -> Fault {
    Fault {
        kind: FaultKind::Final,
        may_have_acted: true,
        named_wait: None,
    }
}

/// Under `data` or flat. The API calls things a success whose status says otherwise, so all of it is looked at.
fn processed(body: &Map<String, Value>) -> Processed {
    let data = body.get("data").and_then(Value::as_object).unwrap_or(body);
    let flag = |name: &str| data.get(name).and_then(Value::as_bool);
    let text = |name: &str| {
        data.get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let status = text("status").unwrap_or_default();
    let says_no = status.contains("does not exist") || status.contains("not found");
    Processed {
        is_success: flag("isSuccess").or(flag("success")).unwrap_or(false) && !says_no,
        alert_id: text("alertId"),
        alias: text("alias"),
        status,
    }
}
