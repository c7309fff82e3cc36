//! What the handlers of the API share.

use std::sync::Arc;
use std::time::Duration;

use elastic_client::ElasticClient;

use super::super::callers::Callers;
use crate::operations::actions::Actions;

/// What the handlers share.
#[derive(Debug)]
pub(in crate::http) struct Api {
    pub(in crate::http) callers: Arc<Callers>,
    pub(in crate::http) client: ElasticClient,
    pub(in crate::http) actions: Actions,
    pub(in crate::http) max_body: usize,
    pub(in crate::http) body_within: Duration,
}

pub(super) type Shared = axum::extract::State<Arc<Api>>;
