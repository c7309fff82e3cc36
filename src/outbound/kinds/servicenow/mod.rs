//! `.servicenow`, `.servicenow-sir` and `.servicenow-itom`: incidents, security incidents and events of ServiceNow.

mod close;
mod columns;
mod comments;
mod credential;
mod definition;
mod event;
mod instance;
mod kind;
mod looking_up;
mod making;
mod probe;
mod product;
mod push;

pub(super) use kind::ServiceNowKind;
pub(super) use product::Product;
