//! Operations on connectors: create, configure, schedule, show, delete, hand an index over.

mod configure;
mod create;
mod delete;
mod fields;
mod schedule;
mod show;
mod take_over;

pub use configure::{ConfigurationChanged, configure};
pub use create::{CreatedConnector, NewConnector, create};
pub use delete::{DeletedConnector, DeletionPlan, delete, plan_deletion};
pub use fields::{FieldDefinition, FieldType, FieldValues, Form, SERVICE_TYPE, all, default_configuration, find};
pub use schedule::{ByType, ScheduleChange, Schedules, SwitchedSchedule, change_schedules, schedules};
pub use show::{ConnectorSummary, ConnectorView, ListedConnector, list, show};
pub use take_over::{TakenOver, take_over};
