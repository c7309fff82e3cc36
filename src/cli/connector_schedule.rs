//! `jira-connector connector schedule`: shows or changes when a connector syncs by itself.

use super::connector_arguments::ConnectorSchedule;
use super::context;
use super::error::CommandError;
use super::output::{Output, table};
use crate::config::Config;
use crate::operations::Installation;
use crate::operations::connectors::{self, ScheduleChange};

pub(super) async fn schedule(config: &Config, options: ConnectorSchedule, output: &Output) -> Result<(), CommandError> {
    let id = context::pick_connector(config, options.connector_id)?;
    let installation = Installation::connect(config).await?;
    let wanted = ScheduleChange {
        full: options.full,
        incremental: options.incremental,
        access_control: options.access_control,
    };
    let schedules = match wanted {
        ScheduleChange {
            full: None,
            incremental: None,
            access_control: None,
        } => connectors::schedules(&installation, &id).await?,
        wanted => connectors::change_schedules(&installation, &id, wanted).await?,
    };
    let rows = schedules.scheduling.each().map(|(job_type, schedule)| {
        let switch = if schedule.enabled { "on" } else { "off" };
        vec![
            job_type.as_str().to_owned(),
            switch.to_owned(),
            schedule.interval.clone(),
        ]
    });
    output.result(&schedules, &table(&["TYPE", "SWITCH", "QUARTZ CRON, UTC"], &rows));
    Ok(())
}
