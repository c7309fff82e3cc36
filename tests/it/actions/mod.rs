//! The way out as its callers meet it: connectors over Kibana's API, and what becomes of their calls.

mod alerts;
mod command_line;
mod crashes;
mod incidents;
mod issues;
mod recipes;
mod served;
