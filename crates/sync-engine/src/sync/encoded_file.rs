//! A file as the ingest pipeline takes it: base64 text in a document. The other fields are left to `encode`.

use std::io::Write as _;

use base64::engine::general_purpose::{GeneralPurpose, STANDARD as BASE64};
use base64::write::EncoderWriter;
use bytes::Bytes;

use super::file_buffer::FileBuffer;

/// The beginning of the document.
const BEGINNING: &[u8] = b"{\"_attachment\":\"";
/// Room for the other fields of an attachment; with more of them the text is moved once.
const OTHER_FIELDS: u64 = 4096;

/// The beginning of a document: `_attachment` with a whole file. It is made while the file arrives, in the place from
/// where it is sent: a second copy of many megabytes would double what a sync needs.
#[derive(Debug)]
pub struct EncodedFile {
    text: FileBuffer,
}

/// A file that is still arriving.
pub struct FileEncoder {
    writer: EncoderWriter<'static, GeneralPurpose, FileBuffer>,
}

impl FileEncoder {
    /// For a file of `size` bytes.
    pub fn new(size: u64) -> Self {
        let mut text = FileBuffer::new(Self::encoded_size(size) as usize);
        text.write_all(BEGINNING).expect("memory takes every write");
        Self {
            writer: EncoderWriter::new(text, &BASE64),
        }
    }

    /// Bytes that a file of `size` bytes takes from its first byte until its document is in Elasticsearch.
    pub fn encoded_size(size: u64) -> u64 {
        let text = size.div_ceil(3).saturating_mul(4);
        text.saturating_add(BEGINNING.len() as u64 + OTHER_FIELDS)
    }

    /// The next bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).expect("memory takes every write");
    }

    /// The file as it was pushed.
    pub fn finish(mut self) -> EncodedFile {
        let text = self.writer.finish().expect("memory takes every write");
        EncodedFile { text }
    }
}

impl EncodedFile {
    /// The whole document. `rest` is a JSON object with at least one field.
    pub(super) fn with_fields(mut self, rest: &[u8]) -> Bytes {
        let end = [b"\",", &rest[1..]].concat();
        self.text.write_all(&end).expect("memory takes every write");
        self.text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_arrives_in_pieces_is_one_text_in_the_room_it_was_given() {
        let file: Vec<u8> = (0..100_000u32).map(|at| at as u8).collect();
        let mut encoder = FileEncoder::new(file.len() as u64);
        file.chunks(1_001).for_each(|piece| encoder.push(piece));
        let document = encoder.finish().with_fields(br#"{"title":"a"}"#);
        assert!(document.len() as u64 <= FileEncoder::encoded_size(file.len() as u64));
        let document: serde_json::Value = serde_json::from_slice(&document).unwrap();
        let text = document["_attachment"].as_str().unwrap();
        assert!(base64::Engine::decode(&BASE64, text).unwrap() == file);
        assert_eq!(document["title"], "a");
    }
}
