//! Sends requests: signs in, repeats what may be repeated. What is asked is left to the modules of each API.

use std::time::Duration;

use http_kit::Fault;
use http_kit::FaultKind;
use http_kit::NotDone;
use http_kit::Repeat;
use http_kit::RetryPlan;
use http_kit::Tries;
use http_kit::Waits;
use reqwest::Client;
use reqwest::Method;
use serde_json::Value;
use url::Url;

use crate::answer;
use crate::answer::Failed;
use crate::credential::Credential;
use crate::credential::SignIn;

/// Somebody waits for the answer: long waits are left to the caller, who is told how long they are.
const PLAN: RetryPlan = RetryPlan {
    retries: 2,
    waits: Waits::Doubling {
        first: Duration::from_millis(300),
        longest: Duration::from_secs(3),
    },
    longest_named: Duration::from_secs(3600),
    limited_for: Duration::from_secs(5),
    outage_for: Duration::ZERO,
};

/// An answer is given up after this.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// One instance, with one account.
#[derive(Debug)]
pub struct ServiceNow {
    http: Client,
    base: String,
    sign_in: SignIn,
    within: Duration,
}

/// What is sent.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Vec<(&'static str, String)>,
    pub(crate) body: Option<&'a Value>,
    pub(crate) repeat: Repeat,
}

impl Request<'_> {
    pub(crate) fn get(path: String, query: Vec<(&'static str, String)>) -> Self {
        Self {
            method: Method::GET,
            path,
            query,
            body: None,
            repeat: Repeat::Idempotent,
        }
    }

    fn writes(&self) -> bool {
        self.method != Method::GET
    }
}

impl ServiceNow {
    /// An instance behind this address, whose path is kept. The client brings trust and allowed targets; it
    /// must follow no redirects.
    pub fn new(http: Client, base: &Url, credential: Credential) -> Self {
        let mut base = base.clone();
        base.set_query(None);
        base.set_fragment(None);
        let base = base.as_str().trim_end_matches('/').to_owned();
        Self {
            http,
            base,
            sign_in: SignIn::new(credential),
            within: ANSWER_WITHIN,
        }
    }

    /// The same, giving up an answer after this.
    #[must_use]
    pub fn answering_within(self, within: Duration) -> Self {
        Self { within, ..self }
    }

    /// Where people look at a record.
    pub fn page_of(&self, table: &str, sys_id: &str) -> String {
        format!("{}/nav_to.do?uri={table}.do?sys_id={sys_id}", self.base)
    }

    /// The JSON of the answer.
    pub(crate) async fn send(&self, request: Request<'_>) -> Result<Value, NotDone> {
        let mut tries = Tries::new(PLAN);
        let mut may_renew = true;
        loop {
            let failed = match self.send_once(&request).await {
                Ok(answer) => return Ok(answer),
                Err(failed) => failed,
            };
            // Who is not let in has done nothing, so that even a create may be sent again.
            if failed.unauthorized && self.sign_in.forget() && may_renew {
                may_renew = false;
                continue;
            }
            let fault = Fault {
                kind: failed.kind,
                may_have_acted: failed.may_have_acted(),
                named_wait: failed.named_wait,
            };
            match tries.next_wait(fault, request.repeat, None) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(failed.not_done),
            }
        }
    }

    async fn send_once(&self, request: &Request<'_>) -> Result<Value, Failed> {
        let url = format!("{}{}", self.base, request.path);
        let mut builder = self
            .http
            .request(request.method.clone(), url)
            .timeout(self.within)
            .header("accept", "application/json")
            .query(&request.query);
        if let Some(body) = request.body {
            builder = builder.json(body);
        }
        let token_url = format!("{}/oauth_token.do", self.base);
        let authorized = self.sign_in.authorize(&self.http, &token_url, builder).await;
        let builder = authorized.map_err(|not_done| Failed::new(FaultKind::Final, not_done))?;
        let sent = builder.send().await;
        let response =
            sent.map_err(|error| Failed::new(FaultKind::Passing, answer::not_reached(error, request.writes())))?;
        answer::read(response, request.writes(), &self.sign_in.secrets()).await
    }
}
