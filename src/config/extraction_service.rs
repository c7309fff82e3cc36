//! The optional `extraction_service` section: a separate service that turns attachments into text.
//!
//! Present as soon as it names a host. Calling it is the work of `text_extraction`.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::elasticsearch::parse_url;
use super::reader::Reader;
use super::values::SizeUnit;

/// Address and limits of the extraction service.
#[derive(Debug, Clone)]
pub struct ExtractionServiceConfig {
    /// Its base URL.
    pub host: Url,
    /// Limit for one file.
    pub timeout: Duration,
    /// Pass a path on a shared volume in place of the bytes.
    pub use_file_pointers: bool,
    /// That volume, mounted here.
    pub shared_volume_dir: PathBuf,
    /// Bytes sent at a time.
    pub stream_chunk_size: usize,
}

pub(super) fn read(reader: &mut Reader) -> Option<ExtractionServiceConfig> {
    const KEY: &str = "extraction_service.host";
    const EXAMPLE: &str = "http://localhost:8090";
    let host = reader.text(KEY);
    // Read even without a host, so that wrong values do not wait for the day the host is filled in.
    let timeout = reader.duration(
        "extraction_service.timeout",
        Duration::from_secs(30),
        Duration::from_millis(100),
    );
    let use_file_pointers = reader.boolean("extraction_service.use_file_pointers", false);
    let shared_volume_dir = reader
        .path("extraction_service.shared_volume_dir")
        .unwrap_or_else(|| PathBuf::from("/app/files"));
    let chunk = reader.size(
        "extraction_service.stream_chunk_size",
        SizeUnit::Bytes,
        65_536,
        1024..=64 * 1024 * 1024,
    );
    let stream_chunk_size = usize::try_from(chunk).expect("at most 64 MiB");
    let (line, text) = host?;
    match parse_url(&text, EXAMPLE) {
        Ok(host) => Some(ExtractionServiceConfig {
            host,
            timeout,
            use_file_pointers,
            shared_volume_dir,
            stream_chunk_size,
        }),
        Err(detail) => {
            reader.problem(line, KEY, detail);
            None
        }
    }
}
