//! Paths, request bodies and answer shapes of the editions.
//!
//! Sending, paging and retry are the same for both and live elsewhere.

mod answers;
pub(crate) mod cloud;
pub(crate) mod data_center;
mod path;

pub(crate) use answers::{
    BulkPage, ChildPage, CountAnswer, FieldRow, IssueRow, MyselfAnswer, ParsedQueries, ProjectPage, SearchPage,
    ServerInfoAnswer, project,
};
pub(crate) use path::PATH_SEGMENT;
