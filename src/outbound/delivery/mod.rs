//! Makes one thing for each key: a ledger entry is written first, an unknown outcome is looked up before anything is
//! sent again.
//!
//! How a thing is made, found and updated in its system is left to the kinds.

mod port;

mod entry;
mod ledger;
mod once;

mod elastic_ledger;
#[cfg(test)]
mod lives;
#[cfg(test)]
mod memory;

pub use elastic_ledger::ElasticLedger;
pub use entry::mark;
pub use ledger::{Ledger, LedgerFault, ReadEntry, Written};
pub use once::{Clock, Deliveries};
pub use port::{Delivery, Done, External, Made, Making, Renewed};
