//! Reads the JSON of a successful answer and says where it is not what was expected. It leaves refusals to
//! `error_mapping.rs`.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::error::ElasticError;

/// A complete answer whose status was acceptable.
pub(crate) struct Answer {
    pub(crate) request: String,
    pub(crate) status: u16,
    pub(crate) body: Bytes,
}

impl Answer {
    /// Reads the body. Nothing of the content gets into the error.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, ElasticError> {
        // Keeping track of the path costs time, so it is only done once the plain reading has failed.
        if let Ok(value) = serde_json::from_slice(&self.body) {
            return Ok(value);
        }
        let mut deserializer = serde_json::Deserializer::from_slice(&self.body);
        match serde_path_to_error::deserialize(&mut deserializer) {
            Ok(value) if deserializer.end().is_ok() => Ok(value),
            Ok(_) => Err(self.unexpected("$", "something follows the JSON value")),
            Err(error) => {
                let inner = error.inner();
                let reason = match inner.classify() {
                    serde_json::error::Category::Data => format!(
                        "missing field or wrong type at line {} column {} of {} bytes",
                        inner.line(),
                        inner.column(),
                        self.body.len()
                    ),
                    _ => format!("not JSON, or cut off, in an answer of {} bytes", self.body.len()),
                };
                Err(self.unexpected(&error.path().to_string(), &reason))
            }
        }
    }

    pub(crate) fn json(&self) -> Result<Value, ElasticError> {
        self.parse()
    }

    pub(crate) fn unexpected(&self, path: &str, reason: &str) -> ElasticError {
        ElasticError::BadAnswer {
            request: self.request.clone(),
            path: path.to_owned(),
            reason: reason.to_owned(),
        }
    }

    /// A string member at the top level of the answer.
    pub(crate) fn string_field(&self, name: &str) -> Result<String, ElasticError> {
        match self.json()?.get(name) {
            Some(Value::String(text)) => Ok(text.clone()),
            _ => Err(self.unexpected(name, "a string was expected")),
        }
    }
}
