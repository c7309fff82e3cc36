//! Text out of 500 mixed files, taken by the connector itself and by the ingest pipeline: the same files, one run.
//!
//! `corpus` provides the files; searching shows what their texts are worth.

mod corpus;
mod made;
mod printed;

mod table;
mod ways;

pub(crate) use table::lines;
pub(crate) use ways::{Extraction, measure};
