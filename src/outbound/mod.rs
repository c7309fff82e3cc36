//! The way out: alerts and findings become Service Management alerts, Jira issues and ServiceNow incidents.
//!
//! A [`kinds::Kind`] knows one outside system; a [`connector::Connector`] is a configured use of it. `delivery` sees to it that
//! nothing is made twice or lost. Who may call, and over which protocol, is left to the faces.

pub mod connector;
pub mod delivery;
pub mod executions;
pub mod kinds;
pub mod secrets;
pub mod shape;
pub mod store;
pub mod targets;
