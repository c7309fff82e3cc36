//! Puts an access control sync together for a job, and stops it when the job is stopped.
//!
//! Its steps are in the engine; claiming and ending the job in `job_runner`.

use std::sync::Arc;

use chrono::Utc;
use elastic_client::SyncJobRecord;
use elastic_client::index_names::content_of;
use serde_json::Value;
use sync_engine::access_sync::AccessSync;
use sync_engine::sync::{SyncError, WriteFence};

use super::access_control_job::{self, AccessControlError};
use super::content_job::patience;
use super::job_failure::JobFailure;
use super::job_report::JobReport;
use super::job_runner::JobRunner;
use super::job_setup::JobSetup;
use crate::clients::{USER_AGENT, client_for_connector};
use crate::coordination::stop::JobStop;
use crate::inbound::sink::{Claimant, ContentIndex, IdentityIndex, IdentityStore, IndexSink, SinkOptions, Target};
use crate::inbound::source::Login;

impl JobRunner {
    pub(crate) async fn access_control(
        &self,
        job: &SyncJobRecord,
        report: &JobReport,
        stop: &JobStop,
        fence: Arc<dyn WriteFence>,
    ) -> Result<(), JobFailure> {
        let setup = JobSetup::from_job(job)?;
        let content = content_of(&setup.index);
        let data = client_for_connector(&self.client, &self.connector)?;
        let index = IdentityIndex::new(data.clone(), content);
        let options = SinkOptions::from_config(&self.bulk);
        let progress = Arc::clone(report.progress());
        let target = Target {
            index: index.name().to_owned(),
            exact: true,
            ..Target::default()
        };
        let sink = IndexSink::start(data.clone(), target, options, progress, Arc::clone(&fence));
        let work = async {
            if !setup.settings.document_level_security {
                return Err(AccessControlError::SwitchedOff.into());
            }
            self.refuse_without_feature().await?;
            access_control_job::check_license(&self.client).await?;
            let login = Login::new(setup.settings.clone(), &self.jira, USER_AGENT)
                .await?
                .with_advanced_rules(setup.advanced_rules.clone());
            let reader = login.identities().await?;
            fence.before_write().await.map_err(SyncError::from)?;
            let claimant = Claimant::new(&self.client, &self.connector.connector_id);
            ContentIndex::new(&data, content).prepare(&[], claimant).await?;
            index.prepare().await?;
            let sync = AccessSync {
                permissions: reader,
                store: &IdentityStore::new(&self.client, index.clone(), &sink, content),
                fence: fence.as_ref(),
                progress: report.progress(),
                guard: setup.options.guard,
                now: Utc::now(),
            };
            Ok(sync.run().await.map_err(AccessControlError::from)?)
        };
        let done: Option<Result<(), JobFailure>> = stop.token().run_until_cancelled(work).await;
        sink.close(patience(stop.reason())).await;
        done.unwrap_or(Err(SyncError::Stopped.into()))
    }

    async fn refuse_without_feature(&self) -> Result<(), JobFailure> {
        let connector = self.client.connectors().get(&self.connector.connector_id).await?;
        let enabled = connector.is_some_and(|connector| {
            let features = connector.value.raw.get("features");
            let flag = features.and_then(|features| features.pointer("/document_level_security/enabled"));
            flag == Some(&Value::Bool(true))
        });
        if enabled {
            Ok(())
        } else {
            Err(AccessControlError::FeatureOff.into())
        }
    }
}
