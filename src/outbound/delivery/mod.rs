//! Makes one thing for each key: a ledger entry is written first, an unknown outcome is looked up before anything is
//! sent again.
//!
//! How a thing is made, found and updated in its system is left to the kinds.

mod port;

pub use port::{Delivery, Done, External, Made, Making, Renewed};
