//! The kinds that there are.

use std::sync::Arc;

use super::jira::Jira;
use super::kind::Kind;
use super::service_management::{Product, ServiceManagement};
use super::servicenow::{Product as ServiceNowProduct, ServiceNowKind};

/// All kinds, in the order in which they are listed.
#[derive(Debug, Clone)]
pub struct Registry(Vec<Arc<dyn Kind>>);

impl Default for Registry {
    fn default() -> Self {
        Self(vec![
            Arc::new(Jira::default()),
            Arc::new(ServiceManagement::new(Product::ServiceManagement)),
            Arc::new(ServiceManagement::new(Product::Opsgenie)),
            Arc::new(ServiceNowKind::new(ServiceNowProduct::Incidents)),
            Arc::new(ServiceNowKind::new(ServiceNowProduct::SecurityIncidents)),
            Arc::new(ServiceNowKind::new(ServiceNowProduct::Events)),
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
