//! Alerts of Jira Service Management and Opsgenie: one API at two addresses.

mod alert_text;
mod definition;
mod kind;
mod product;
mod run;

pub(super) use kind::ServiceManagement;
pub(super) use product::Product;
