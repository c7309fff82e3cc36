//! The two products that share the alert API.

/// The product that a connector leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::outbound::kinds) enum Product {
    /// Jira Service Management.
    ServiceManagement,
    /// Opsgenie, or an account of it that was moved to Jira Service Management.
    Opsgenie,
}
