//! Makes a name a segment of a path.
//!
//! Queries are encoded by the URL type itself.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// Everything but the characters that RFC 3986 leaves free of any meaning.
pub(crate) const PATH_SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
