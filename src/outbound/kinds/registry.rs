//! The kinds that there are.

use std::sync::Arc;

use super::jira::Jira;
use super::kind::Kind;
use super::service_management::{Product, ServiceManagement};

/// All kinds, in the order in which they are listed.
#[derive(Debug, Clone)]
pub struct Registry(Vec<Arc<dyn Kind>>);

impl Default for Registry {
    fn default() -> Self {
        Self(vec![
            Arc::new(Jira::default()),
            Arc::new(ServiceManagement::new(Product::ServiceManagement)),
            Arc::new(ServiceManagement::new(Product::Opsgenie)),
        ])
    }
}

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
