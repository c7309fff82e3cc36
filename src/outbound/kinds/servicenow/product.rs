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

    /// The state of a closed record. In security operations 7 means cancelled.
    pub(super) fn closed(self) -> &'static str {
        match self {
            Self::SecurityIncidents => "3",
            Self::Incidents | Self::Events => "7",
        }
    }

    /// The state of a record that somebody works on: in progress, or analysis.
    pub(super) fn worked_on(self) -> &'static str {
        match self {
            Self::SecurityIncidents => "16",
            Self::Incidents | Self::Events => "2",
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
