//! Changes a connector: name, settings and secrets are replaced as a whole, the kind stays.

use chrono::Utc;
use serde_json::{Map, Value};

use super::installation::Actions;
use super::settings;
use super::show::ActionView;
use crate::operations::error::OperationError;
use crate::outbound::store::{Author, Rotated};

/// What a connector is changed to.
#[derive(Debug, Clone)]
pub struct ActionChange {
    /// Its name.
    pub name: String,
    /// Its settings.
    pub config: Map<String, Value>,
    /// Its secrets, all of them.
    pub secrets: Map<String, Value>,
}

impl Actions {
    /// Changes it.
    pub async fn update(&self, id: &str, change: ActionChange, caller: &str) -> Result<ActionView, OperationError> {
        if self.preconfigured.get(id).is_some() {
            return Err(OperationError::Invalid(format!(
                "Preconfigured action {id} can not be updated."
            )));
        }
        let before = self.connectors.head(id).await?;
        let kind = self.kind(&before.kind)?;
        let content = settings::checked(
            kind.as_ref(),
            &change.name,
            &change.config,
            &change.secrets,
            &self.targets,
        )?;
        self.enabled.check(&before.kind)?;
        let author = Author {
            name: caller.to_owned(),
            at: Utc::now(),
        };
        let head = self.connectors.update(id, content, &author).await?;
        Ok(self.view(head))
    }

    /// Seals the secrets of all connectors with the current key.
    pub async fn rotate_keys(&self, dry_run: bool) -> Result<Rotated, OperationError> {
        Ok(self.connectors.rotate(dry_run).await?)
    }
}
