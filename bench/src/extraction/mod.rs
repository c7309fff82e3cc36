//! Text out of 500 mixed files, taken by the connector itself and by the ingest pipeline: the same files, one run.
//!
//! Where the files come from is in `corpus`; what a text of them is worth is left to searching.

mod corpus;
mod made;
mod printed;

mod table;
mod ways;

pub(crate) use table::lines;
pub(crate) use ways::{Extraction, measure};
