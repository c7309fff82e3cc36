//! Carries out commands and calls: typed input, a view that can be serialized, one error. Nothing here prints or knows
//! HTTP; that is left to the faces.

pub mod access_view;
pub mod dry_run;
pub mod verify;
