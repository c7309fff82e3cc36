//! Builds the newline-delimited body of a bulk request. It leaves deciding when a body is full to the sink.

use std::fmt;

use bytes::Bytes;
use serde::Serialize;

use crate::bulk::request::BulkRequest;
use crate::bulk::text::{BulkText, Place};
use crate::error::ElasticError;

/// Documents of at least so many bytes become a piece of their own rather than being copied.
const LARGE: usize = 512 * 1024;

/// Operations for one index, serialised as they are added. All are by id, so sending a body twice is harmless.
#[derive(Default)]
pub struct BulkBody {
    /// The complete part.
    pieces: Vec<Bytes>,
    buffer: Vec<u8>,
    operations: usize,
}

// The buffer is content of documents, which does not belong into logs.
impl fmt::Debug for BulkBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BulkBody")
            .field("size_bytes", &self.len_bytes())
            .field("operations", &self.operations)
            .finish()
    }
}

impl BulkBody {
    /// An empty body whose buffer holds `capacity` bytes before it has to grow.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            pieces: Vec::new(),
            buffer: Vec::with_capacity(capacity),
            operations: 0,
        }
    }

    /// Replaces the whole document, or creates it. Returns how many bytes the operation takes.
    pub fn index<T: Serialize + ?Sized>(&mut self, id: &str, document: &T) -> Result<usize, ElasticError> {
        self.append("index", id, |buffer| serde_json::to_writer(buffer, document))
    }

    /// Merges `doc` into a document that exists: objects deeply, anything else is replaced. A pipeline does not run.
    pub fn update<T: Serialize + ?Sized>(&mut self, id: &str, doc: &T) -> Result<usize, ElasticError> {
        self.append("update", id, |buffer| {
            buffer.extend_from_slice(b"{\"doc\":");
            serde_json::to_writer(&mut *buffer, doc)?;
            buffer.push(b'}');
            Ok(())
        })
    }

    /// Like [`index`](Self::index) with a document that is JSON text already. The text must be one JSON object without
    /// line breaks; it goes out as it is. Returns where in the body it is, for whoever wants to keep but one copy.
    pub fn index_json(&mut self, id: &str, document: &Bytes) -> Result<Place, ElasticError> {
        self.add_json("index", id, b"", document, b"")
    }

    /// Like [`update`](Self::update) with a partial document that is JSON text already; the same holds for the text.
    pub fn update_json(&mut self, id: &str, doc: &Bytes) -> Result<Place, ElasticError> {
        self.add_json("update", id, b"{\"doc\":", doc, b"}")
    }

    /// Like [`update`](Self::update), refused with a conflict (409) when the document changed since this version of it
    /// was read.
    pub fn update_if_unchanged<T: Serialize + ?Sized>(
        &mut self,
        id: &str,
        (seq_no, primary_term): (u64, u64),
        doc: &T,
    ) -> Result<usize, ElasticError> {
        let condition = format!(",\"if_seq_no\":{seq_no},\"if_primary_term\":{primary_term}");
        let write = |buffer: &mut Vec<u8>| {
            buffer.extend_from_slice(b"{\"doc\":");
            serde_json::to_writer(&mut *buffer, doc)?;
            buffer.push(b'}');
            Ok(())
        };
        self.add_under("update", id, &condition, Some(write))
    }

    /// Deletes a document.
    pub fn delete(&mut self, id: &str) -> Result<usize, ElasticError> {
        self.add("delete", id, None::<fn(&mut Vec<u8>) -> serde_json::Result<()>>)
    }

    /// Bytes so far, uncompressed.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum::<usize>() + self.buffer.len()
    }

    /// Operations so far.
    #[must_use]
    pub fn operations(&self) -> usize {
        self.operations
    }

    /// Whether nothing was added since the last [`take`](Self::take).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.operations == 0
    }

    /// Hands over the body without copying it and begins a new one. Read [`operations`](Self::operations) before, or
    /// use [`take_request`](Self::take_request).
    pub fn take(&mut self) -> BulkText {
        self.operations = 0;
        // The next body will be about as large, so growing step by step is spared.
        let next = Vec::with_capacity(self.buffer.len());
        let last = Bytes::from(std::mem::replace(&mut self.buffer, next));
        let mut pieces = std::mem::take(&mut self.pieces);
        pieces.push(last);
        BulkText::new(pieces)
    }

    /// Hands over the body as a request to `index`, optionally through an ingest pipeline, and begins a new one.
    pub fn take_request(&mut self, index: &str, pipeline: Option<&str>) -> BulkRequest {
        let operations = self.operations;
        let body = self.take();
        BulkRequest {
            index: index.to_owned(),
            pipeline: pipeline.map(str::to_owned),
            body,
            operations,
            timeout: None,
        }
    }

    /// Turns the body into a request to `index`, optionally through an ingest pipeline.
    #[must_use]
    pub fn into_request(mut self, index: &str, pipeline: Option<&str>) -> BulkRequest {
        self.pieces.push(Bytes::from(self.buffer));
        BulkRequest {
            index: index.to_owned(),
            pipeline: pipeline.map(str::to_owned),
            operations: self.operations,
            body: BulkText::new(self.pieces),
            timeout: None,
        }
    }

    fn add_json(
        &mut self,
        action: &str,
        id: &str,
        before: &[u8],
        json: &Bytes,
        after: &[u8],
    ) -> Result<Place, ElasticError> {
        let mut start = 0;
        if json.len() < LARGE || has_line_break(json) {
            self.append(action, id, |buffer| {
                buffer.extend_from_slice(before);
                start = buffer.len();
                buffer.extend_from_slice(json);
                buffer.extend_from_slice(after);
                Ok(())
            })?;
            let bytes = start..start + json.len();
            let piece = self.pieces.len();
            return Ok(Place { piece, bytes });
        }
        self.append(action, id, |buffer| {
            buffer.extend_from_slice(before);
            start = buffer.len();
            buffer.extend_from_slice(after);
            Ok(())
        })?;
        let rest = self.buffer.split_off(start);
        self.pieces.push(Bytes::from(std::mem::replace(&mut self.buffer, rest)));
        let piece = self.pieces.len();
        self.pieces.push(json.clone());
        let bytes = 0..json.len();
        Ok(Place { piece, bytes })
    }

    fn append<W>(&mut self, action: &str, id: &str, write: W) -> Result<usize, ElasticError>
    where
        W: FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
    {
        self.add(action, id, Some(write))
    }

    fn add<W>(&mut self, action: &str, id: &str, write: Option<W>) -> Result<usize, ElasticError>
    where
        W: FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
    {
        self.add_under(action, id, "", write)
    }

    fn add_under<W>(&mut self, action: &str, id: &str, condition: &str, write: Option<W>) -> Result<usize, ElasticError>
    where
        W: FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
    {
        let start = self.buffer.len();
        let result = self.write_lines(action, id, condition, write);
        match result {
            Ok(()) => {
                self.operations += 1;
                Ok(self.buffer.len() - start)
            }
            Err(error) => {
                // Half a line would spoil every operation after it.
                self.buffer.truncate(start);
                Err(ElasticError::InvalidRequest {
                    request: format!("bulk {action}"),
                    reason: format!("the document cannot be written as JSON: {error}"),
                })
            }
        }
    }

    fn write_lines<W>(&mut self, action: &str, id: &str, condition: &str, write: Option<W>) -> serde_json::Result<()>
    where
        W: FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
    {
        self.buffer.extend_from_slice(b"{\"");
        self.buffer.extend_from_slice(action.as_bytes());
        self.buffer.extend_from_slice(b"\":{\"_id\":");
        serde_json::to_writer(&mut self.buffer, id)?;
        self.buffer.extend_from_slice(condition.as_bytes());
        self.buffer.extend_from_slice(b"}}\n");
        if let Some(write) = write {
            let start = self.buffer.len();
            write(&mut self.buffer)?;
            join_lines(&mut self.buffer[start..]);
            self.buffer.push(b'\n');
        }
        Ok(())
    }
}

/// Text passed through as `RawValue` may be spread over lines. Inside JSON strings line breaks are always escaped, so a
/// bare one is white space and may become a blank.
fn join_lines(json: &mut [u8]) {
    if has_line_break(json) {
        for byte in json.iter_mut().filter(|byte| matches!(**byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
    }
}

fn has_line_break(json: &[u8]) -> bool {
    json.contains(&b'\n') || json.contains(&b'\r')
}

#[cfg(test)]
mod tests {
    use serde::Serializer;
    use serde_json::value::RawValue;

    use super::*;

    struct Unwritable;

    impl Serialize for Unwritable {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("a float that JSON cannot hold"))
        }
    }

    fn text(body: &mut BulkBody) -> String {
        let text = body.take();
        String::from_utf8(text.pieces().flat_map(|piece| piece.to_vec()).collect()).unwrap()
    }

    #[test]
    fn a_large_document_is_not_copied_and_the_lines_are_the_same() {
        let large = Bytes::from(format!("{{\"a\":\"{}\"}}", "x".repeat(LARGE)));
        let small = Bytes::from_static(b"{\"b\":1}");
        let mut body = BulkBody::default();
        let places = [
            body.index_json("1", &small).unwrap(),
            body.index_json("2", &large).unwrap(),
            body.update_json("3", &large).unwrap(),
            body.index_json("4", &small).unwrap(),
        ];
        let large_text = std::str::from_utf8(&large).unwrap();
        let expected = format!(
            "{{\"index\":{{\"_id\":\"1\"}}}}\n{{\"b\":1}}\n{{\"index\":{{\"_id\":\"2\"}}}}\n{large_text}\n\
             {{\"update\":{{\"_id\":\"3\"}}}}\n{{\"doc\":{large_text}}}\n{{\"index\":{{\"_id\":\"4\"}}}}\n{{\"b\":1}}\n"
        );
        assert_eq!(body.len_bytes(), expected.len());
        let request = body.into_request("i", None);
        let lines: Vec<u8> = request.body.pieces().flat_map(|piece| piece.to_vec()).collect();
        assert!(lines == expected.as_bytes());
        let found = places.map(|place| request.body.document(&place));
        assert!(found == [small.clone(), large.clone(), large.clone(), small]);
        assert_eq!(found[1].as_ptr(), large.as_ptr());
    }

    #[test]
    fn ids_are_escaped() {
        let mut body = BulkBody::default();
        body.delete("a\"b\nc").unwrap();
        assert_eq!(text(&mut body), "{\"delete\":{\"_id\":\"a\\\"b\\nc\"}}\n");
    }

    #[test]
    fn a_raw_value_spread_over_lines_stays_one_line_with_the_same_content() {
        let raw = RawValue::from_string("{\n  \"a\": \"x\\ny\",\r\n  \"b\": 1\n}".to_owned()).unwrap();
        let mut body = BulkBody::default();
        body.index("1", &raw).unwrap();
        let text = text(&mut body);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        let document: serde_json::Value = serde_json::from_str(lines[1]).unwrap();
        assert_eq!(document, serde_json::json!({ "a": "x\ny", "b": 1 }));
    }

    #[test]
    fn an_operation_that_cannot_be_written_leaves_no_trace() {
        let mut body = BulkBody::default();
        let bytes = body.index("1", &serde_json::json!({ "n": 1 })).unwrap();
        assert_eq!(bytes, body.len_bytes());
        body.update("2", &Unwritable).unwrap_err();
        assert_eq!((body.len_bytes(), body.operations()), (bytes, 1));
    }

    #[test]
    fn a_conditional_update_names_the_version() {
        let mut body = BulkBody::default();
        body.update_if_unchanged("1", (7, 2), &serde_json::json!({ "a": 1 }))
            .unwrap();
        assert_eq!(
            text(&mut body),
            "{\"update\":{\"_id\":\"1\",\"if_seq_no\":7,\"if_primary_term\":2}}\n{\"doc\":{\"a\":1}}\n"
        );
    }

    #[test]
    fn taking_starts_a_new_body() {
        let mut body = BulkBody::with_capacity(64);
        body.delete("1").unwrap();
        let request = body.take_request("jira", None);
        assert_eq!(request.operations, 1);
        assert!(body.is_empty() && body.len_bytes() == 0);
        assert!(!format!("{request:?}").contains("delete"), "bodies do not print");
    }
}
