//! Who wants to write to an index, and why he may not.

use elastic_client::{ElasticClient, ElasticError};
use thiserror::Error;

/// A connector that wants to write to an index.
#[derive(Debug, Clone, Copy)]
pub struct Claimant<'a> {
    pub(super) records: &'a ElasticClient,
    pub(super) id: &'a str,
}

impl<'a> Claimant<'a> {
    /// The connector of this id; `records` reads the records of all.
    pub fn new(records: &'a ElasticClient, id: &'a str) -> Self {
        Self { records, id }
    }
}

/// What an index that may be written to says about its owner.
#[derive(Debug, PartialEq, Eq)]
pub enum Ownership {
    /// It is the claimant's.
    Ours,
    /// It was never noted whose it is: Elastic's connector filled it, or nobody yet.
    Free,
    /// It belonged to a connector that does not exist any more.
    Abandoned(String),
}

/// The reason why a connector may neither write to an index nor delete in it.
#[derive(Debug, Error)]
pub enum OwnerError {
    /// A request failed.
    #[error(transparent)]
    Elasticsearch(#[from] ElasticError),
    /// It is another's.
    #[error(
        "index {index} belongs to connector {owner}, and this is connector {claimant}: each would remove the documents of \
         the other. Give connector {claimant} an index of its own, or hand this one over with `jira-connector connector \
         configure --connector-id {claimant} --take-over-index`"
    )]
    Foreign {
        /// The index.
        index: String,
        /// The connector that it belongs to.
        owner: String,
        /// The connector that was refused.
        claimant: String,
    },
    /// It is nobody's, and several want it.
    #[error(
        "index {index} belongs to no connector yet, and connector {claimant} is not the only one whose record names it \
         (also: {}): each would remove the documents of the other. Give all but one an index of their own, or say whose it \
         is with `jira-connector connector configure --connector-id ID --take-over-index`",
        .others.join(", ")
    )]
    Disputed {
        /// The index.
        index: String,
        /// The connector that was refused.
        claimant: String,
        /// The other connectors.
        others: Vec<String>,
    },
}
