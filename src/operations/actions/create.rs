//! Makes a connector.

use chrono::Utc;
use serde_json::{Map, Value};
use uuid::Uuid;

use super::installation::Actions;
use super::show::ActionView;
use super::{connector_id, settings};
use crate::operations::error::OperationError;
use crate::outbound::store::Author;

/// What a new connector is made of.
#[derive(Debug, Clone)]
pub struct NewAction {
    /// Its id; one is made up without.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// The id of its kind.
    pub kind: String,
    /// Its settings.
    pub config: Map<String, Value>,
    /// Its secrets.
    pub secrets: Map<String, Value>,
}

impl Actions {
    /// Makes it. Everything is checked before anything is written.
    pub async fn create(&self, new: NewAction, caller: &str) -> Result<ActionView, OperationError> {
        let id = new.id.unwrap_or_else(|| Uuid::new_v4().to_string());
        connector_id::check(&id)?;
        if self.preconfigured.get(&id).is_some() {
            let text = format!("This {id} already exists in a preconfigured action.");
            return Err(OperationError::Invalid(text));
        }
        let kind = self.kind(&new.kind)?;
        let content = settings::checked(kind.as_ref(), &new.name, &new.config, &new.secrets, &self.targets)?;
        self.enabled.check(&new.kind)?;
        let author = Author {
            name: caller.to_owned(),
            at: Utc::now(),
        };
        let head = self.connectors.create(&id, &new.kind, content, &author).await?;
        Ok(self.view(head))
    }
}
