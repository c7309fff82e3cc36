//! The HTTP face: what those who watch the service ask for. What a call does is left to `operations`.

pub mod monitoring;
