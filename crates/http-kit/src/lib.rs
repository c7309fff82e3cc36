//! What every HTTP client of ours shares: whom to trust, what may be sent twice and when, how fast, and what must not be
//! shown. It knows no server: paths, credentials, bodies and errors belong to the client of each.
//!
//! # Making a client
//! - [`Tls`] says whom to trust and begins a `reqwest` client that follows no redirects; [`Certificates`] reads what a
//!   person pasted.
//! - [`Repeat`] is said by every request. [`Tries`] decides after each failure whether and when the next try goes out; the
//!   client tells it in a [`Fault`] what the failure means.
//! - [`NotDone`] is the answer of every client that writes, when a write is not known to be done.
//! - [`Gate`] lets requests through, by endpoint class and lane, at the pace that the server takes. It learns from
//!   [`announced()`] headers and from refusals; [`named_wait()`] reads how long a server asks to wait.
//! - [`ConnectionFault`] sorts what can happen to a connection, [`Proxies`] names the proxy in the way, and [`redacted`]
//!   takes secrets out of a server's words; [`pasted_token()`] takes off what came along when a token was pasted.
//!
//! # Example
//! ```
//! use std::time::Duration;
//! use http_kit::{ConnectionFault, Fault, FaultKind, Protocols, Repeat, RetryPlan, Tls, Tries, Waits};
//!
//! const PLAN: RetryPlan = RetryPlan {
//!     retries: 3,
//!     waits: Waits::Doubling { first: Duration::from_secs(1), longest: Duration::from_secs(60) },
//!     longest_named: Duration::from_secs(3600),
//!     limited_for: Duration::from_secs(7200),
//!     outage_for: Duration::from_secs(600),
//! };
//!
//! /// Sends a request; a lost answer to one that creates something is not met with a second one.
//! async fn send(http: &reqwest::Client, request: reqwest::Request, repeat: Repeat) -> Result<u16, ConnectionFault> {
//!     let mut tries = Tries::new(PLAN);
//!     loop {
//!         let request = request.try_clone().expect("the body is in memory");
//!         let fault = match http.execute(request).await {
//!             Ok(answer) => return Ok(answer.status().as_u16()),
//!             Err(error) => ConnectionFault::of(error),
//!         };
//!         let judged = Fault {
//!             kind: FaultKind::Outage,
//!             may_have_acted: fault.may_have_acted(),
//!             named_wait: None,
//!         };
//!         match tries.next_wait(judged, repeat, None) {
//!             Some(wait) => tokio::time::sleep(wait).await,
//!             None => return Err(fault),
//!         }
//!     }
//! }
//!
//! let http = Tls::default().client_builder(Protocols::Http2).build();
//! assert!(http.is_ok());
//! # drop(send);
//! ```

#![warn(missing_docs)]

mod not_done;
mod repeat;
mod tries;

mod announced;
mod gate;
mod named_wait;
mod pace;
mod ticker;

#[cfg(test)]
mod simulation;

mod certificates;
mod connection_fault;
mod proxies;
mod tls;

mod pasted_token;
mod redaction;

pub use announced::{Announced, announced};
pub use certificates::{CertificateFault, Certificates};
pub use connection_fault::{ConnectionFault, TlsCause, reasons};
pub use gate::{Admission, Gate, Lane, PauseScope};
pub use named_wait::named_wait;
pub use not_done::NotDone;
pub use pasted_token::pasted_token;
pub use proxies::Proxies;
pub use redaction::redacted;
pub use repeat::Repeat;
pub use tls::{Protocols, Tls, Verification};
pub use tries::{Fault, FaultKind, RetryPlan, Tries, Waits};
