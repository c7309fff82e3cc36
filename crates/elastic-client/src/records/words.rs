//! The fixed words of the connector protocol, each set with room for a word of a later version. Which status may follow
//! which is left to the service.

use std::fmt;

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $(
                #[doc = concat!("`", $word, "`.")]
                $variant,
            )+
            /// A word that this version does not know.
            Unknown(String),
        }

        impl $name {
            /// The word as it stands in the record.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Unknown(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)+
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// `status` of a connector.
    ConnectorStatus {
        Created = "created",
        NeedsConfiguration = "needs_configuration",
        Configured = "configured",
        Connected = "connected",
        Error = "error",
    }
}

words! {
    /// `status` of a sync job, and `last_sync_status` of a connector.
    JobStatus {
        Pending = "pending",
        InProgress = "in_progress",
        Canceling = "canceling",
        Canceled = "canceled",
        Suspended = "suspended",
        Completed = "completed",
        Error = "error",
    }
}

words! {
    /// `job_type` of a sync job.
    JobType {
        Full = "full",
        Incremental = "incremental",
        AccessControl = "access_control",
    }
}

words! {
    /// `trigger_method` of a sync job.
    TriggerMethod {
        OnDemand = "on_demand",
        Scheduled = "scheduled",
    }
}

words! {
    /// `validation.state` of filtering.
    ValidationState {
        Edited = "edited",
        Valid = "valid",
        Invalid = "invalid",
    }
}

impl JobStatus {
    /// Whether nothing happens to the job any more. Suspended is not terminal: such a job is taken up again.
    #[must_use]
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed | Self::Canceled | Self::Error)
    }
}
