//! Deletes a connector. What it made in other systems stays.

use super::installation::Actions;
use crate::operations::error::OperationError;

impl Actions {
    /// Deletes it.
    pub async fn delete(&self, id: &str) -> Result<(), OperationError> {
        if self.preconfigured.get(id).is_some() {
            return Err(OperationError::Invalid(format!(
                "Preconfigured action {id} is not allowed to delete."
            )));
        }
        Ok(self.connectors.delete(id).await?)
    }
}
