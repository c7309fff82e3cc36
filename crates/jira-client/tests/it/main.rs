//! The client against servers that answer as Jira does, in all the ways it does.
//!
//! Pure parts (waits, words, rows that move) are tested beside their code.

#![expect(clippy::unwrap_used, reason = "a test whose set-up fails has failed")]

mod fake_jira;

mod account;
mod children;
mod creating;
mod credentials;
mod downloads;
mod extras;
mod fetching;
mod futures_are_send;
mod listings;
mod listings_by_offset;
mod login_pages;
mod outages;
mod proxies;
mod questions;
mod refusals;
mod retries;
mod secrets;
mod service_account;
mod store;
mod tls;
