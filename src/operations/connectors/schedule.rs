//! Shows or changes when a connector syncs by itself. Keeping to the expressions is the service's work.

use elastic_client::{ConnectorRecord, ElasticError, JobType, ScheduleEntry};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::inbound::schedules::cron::CronExpression;
use crate::operations::error::{Doing as _, OperationError};
use crate::operations::installation::Installation;

const EXPLAINED: &str =
    "An expression is Quartz cron, such as '0 0/10 * * * ?' for every 10 minutes; `on` and `off` switch";
/// The schedule that Elasticsearch gives a new connector: every day at midnight.
const INITIAL: &str = "0 0 0 * * ?";

/// New schedules; each `on`, `off` or a Quartz cron expression in UTC. What is none stays.
#[derive(Debug, Clone, Default)]
pub struct ScheduleChange {
    /// Of full syncs.
    pub full: Option<String>,
    /// Of incremental syncs.
    pub incremental: Option<String>,
    /// Of access control syncs.
    pub access_control: Option<String>,
}

/// The schedules of a connector.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Schedules {
    /// The connector.
    pub connector_id: String,
    /// By type of sync.
    pub scheduling: ByType,
}

/// One schedule for each type of sync.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the fields are the types of syncs")]
pub struct ByType {
    pub full: SwitchedSchedule,
    pub incremental: SwitchedSchedule,
    pub access_control: SwitchedSchedule,
}

/// A schedule and whether it counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SwitchedSchedule {
    /// Whether it counts.
    pub enabled: bool,
    /// Quartz cron in UTC, or `-`.
    pub interval: String,
}

impl ByType {
    pub(super) fn of(record: &ConnectorRecord) -> Self {
        let of = |job_type| match record.schedule(&job_type) {
            Some(entry) => SwitchedSchedule {
                enabled: entry.enabled,
                interval: entry.interval.clone(),
            },
            None => SwitchedSchedule {
                enabled: false,
                interval: "-".to_owned(),
            },
        };
        Self {
            full: of(JobType::Full),
            incremental: of(JobType::Incremental),
            access_control: of(JobType::AccessControl),
        }
    }

    /// In the order in which they are shown.
    pub fn each(&self) -> [(JobType, &SwitchedSchedule); 3] {
        [
            (JobType::Full, &self.full),
            (JobType::Incremental, &self.incremental),
            (JobType::AccessControl, &self.access_control),
        ]
    }
}

/// The schedules as they are.
pub async fn schedules(installation: &Installation<'_>, connector_id: &str) -> Result<Schedules, OperationError> {
    Ok(Schedules {
        connector_id: connector_id.to_owned(),
        scheduling: ByType::of(&installation.connector(connector_id).await?.value),
    })
}

/// Changes them and says what they are then.
pub async fn change_schedules(
    installation: &Installation<'_>,
    connector_id: &str,
    wanted: ScheduleChange,
) -> Result<Schedules, OperationError> {
    let record = installation.connector(connector_id).await?.value;
    let changes = changes(&record, wanted)?;
    let connectors = installation.client.connectors();
    match connectors
        .update_scheduling(connector_id, &Value::Object(changes))
        .await
    {
        Ok(()) => schedules(installation, connector_id).await,
        Err(error @ ElasticError::BadRequest { .. }) => Err(OperationError::Invalid(format!("{error}. {EXPLAINED}"))),
        Err(error) => Err(error).doing("cannot change the schedules"),
    }
}

fn changes(record: &ConnectorRecord, wanted: ScheduleChange) -> Result<Map<String, Value>, OperationError> {
    let wanted = [
        (JobType::Full, wanted.full),
        (JobType::Incremental, wanted.incremental),
        (JobType::AccessControl, wanted.access_control),
    ];
    let given = wanted
        .into_iter()
        .filter_map(|(job_type, wanted)| Some((job_type, wanted?)));
    given
        .map(|(job_type, wanted)| {
            let entry = change(record.schedule(&job_type), wanted.trim())?;
            Ok((job_type.as_str().to_owned(), entry))
        })
        .collect()
}

fn change(current: Option<&ScheduleEntry>, wanted: &str) -> Result<Value, OperationError> {
    let kept = current.map_or(INITIAL, |entry| entry.interval.as_str());
    let (enabled, interval) = match wanted {
        "off" => (false, kept),
        "on" => (true, kept),
        expression => (true, expression),
    };
    // Elasticsearch checks them too, but not where the connector API is missing or switched off.
    if let Some(problem) = interval.parse::<CronExpression>().err().filter(|_| enabled) {
        return Err(OperationError::Invalid(format!(
            "`{interval}` cannot be used: {problem}. {EXPLAINED}"
        )));
    }
    Ok(json!({ "enabled": enabled, "interval": interval }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn switching_off_keeps_the_expression() {
        let entry = ScheduleEntry {
            enabled: true,
            interval: "0 0 3 ? * SUN".to_owned(),
        };
        let off = json!({ "enabled": false, "interval": "0 0 3 ? * SUN" });
        assert_eq!(change(Some(&entry), "off").unwrap(), off);
        assert_eq!(
            change(None, "on").unwrap(),
            json!({ "enabled": true, "interval": INITIAL })
        );
        assert_eq!(change(Some(&entry), "0 0 4 * * ?").unwrap()["interval"], "0 0 4 * * ?");
    }

    #[test]
    fn an_expression_that_cannot_be_read_is_refused_unless_it_is_switched_off() {
        let broken = ScheduleEntry {
            enabled: true,
            interval: "every day".to_owned(),
        };
        assert!(matches!(change(Some(&broken), "on"), Err(OperationError::Invalid(text)) if text.contains("Quartz")));
        assert!(change(Some(&broken), "off").is_ok());
    }
}
