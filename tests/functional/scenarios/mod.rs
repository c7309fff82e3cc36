//! The scenarios, from the plain to the nasty.

mod full_sync;
