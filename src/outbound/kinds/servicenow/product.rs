//! The three products, and where each keeps its records.

use servicenow_client::App;

/// A product of ServiceNow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::outbound::kinds) enum Product {
    /// IT service management.
    Incidents,
    /// Security operations.
    SecurityIncidents,
    /// IT operations management.
    Events,
}

impl Product {
    /// Its table.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Incidents => "incident",
            Self::SecurityIncidents => "sn_si_incident",
            Self::Events => "em_event",
        }
    }

    /// The app of Elastic's that takes its rows.
    pub(super) fn app(self) -> App {
        match self {
            Self::SecurityIncidents => App::SecurityIncidents,
            Self::Incidents | Self::Events => App::Incidents,
        }
    }
}
