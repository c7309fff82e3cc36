//! The kinds that there are.

use std::sync::Arc;

use super::kind::Kind;

/// All kinds, in the order in which they are listed.
#[derive(Debug, Clone, Default)]
pub struct Registry(Vec<Arc<dyn Kind>>);

impl Registry {
    /// The kind of this id: `.jira`.
    pub fn get(&self, id: &str) -> Option<&Arc<dyn Kind>> {
        self.0.iter().find(|kind| kind.definition().id == id)
    }

    /// Every kind.
    pub fn all(&self) -> impl Iterator<Item = &Arc<dyn Kind>> {
        self.0.iter()
    }
}
