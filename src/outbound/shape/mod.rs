//! The form of JSON that callers send, as values: checked, explained and described from one table.
//!
//! What the values mean is left to the kinds.

mod check;
mod misfit;
mod schema;
mod value;

pub use check::check;
pub use misfit::Misfit;
pub use value::{Member, Need, Shape, nullable, optional, required};
