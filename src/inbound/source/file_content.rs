//! The content of attachments: downloaded, and turned into text unless the ingest pipeline does that.
//!
//! `documents` chooses the files; `text_extraction` parses them.

use std::io::Write as _;

use bytes::Bytes;
use jira_client::{AttachmentRef, JiraClient, JiraError};
use sync_engine::sync::{EncodedFile, FileBuffer, FileContent, FileEncoder, PendingAttachment, SourceError};
use tokio::io::{AsyncSeekExt, AsyncWriteExt};

use super::engine_terms::source_error;
use crate::inbound::text_extraction::{ExtractionFailure, FileText, LocalExtractor, ServiceExtractor};

/// Tries of a download whose body broke off; the client only repeats what fails before the body begins.
const TRIES: u32 = 3;

/// The reader that turns files into text.
#[derive(Debug, Clone)]
pub enum FileExtraction {
    /// Elasticsearch, on its way into the index.
    Pipeline,
    /// This program, in processes of their own.
    Local(LocalExtractor),
    /// Elastic's extraction service.
    Service(ServiceExtractor),
}

impl FileExtraction {
    /// The content of one attachment. Its bytes are complete: their number was compared with the size that Jira states.
    pub(super) async fn read(
        &self,
        client: &JiraClient,
        attachment: &PendingAttachment,
    ) -> Result<FileContent, SourceError> {
        match self {
            Self::Pipeline => Ok(FileContent::File(
                encoded(client, attachment).await.map_err(source_error)?,
            )),
            Self::Local(extractor) => {
                let content = in_memory(client, attachment).await.map_err(source_error)?;
                text(extractor.extract(&attachment.filename, content).await)
            }
            Self::Service(extractor) => {
                let broken = |error: std::io::Error| {
                    let folder = extractor.folder();
                    SourceError::new(format!("cannot put a file into {}: {error}", folder.display()), true)
                };
                // Removed when this is dropped, whatever happens.
                let (file, path) = tempfile::NamedTempFile::new_in(extractor.folder())
                    .map_err(broken)?
                    .into_parts();
                let mut file = tokio::fs::File::from_std(file);
                let mut tries = 1;
                while let Err(error) = on_disk(client, attachment, &mut file).await? {
                    if !error.is_retryable() || tries == TRIES {
                        return Err(source_error(error));
                    }
                    tries += 1;
                }
                file.flush().await.map_err(broken)?;
                text(extractor.extract(&path).await)
            }
        }
    }
}

fn text(extracted: Result<FileText, ExtractionFailure>) -> Result<FileContent, SourceError> {
    match extracted {
        Ok(FileText { text, truncated }) => Ok(FileContent::Text { text, truncated }),
        Err(ExtractionFailure::File(reason)) => Ok(FileContent::NoText { reason }),
        Err(ExtractionFailure::Environment(reason)) => Err(SourceError::new(reason, true)),
    }
}

fn reference(attachment: &PendingAttachment) -> AttachmentRef {
    AttachmentRef {
        id: attachment.document.jira_id.to_string(),
        filename: attachment.filename.clone(),
        size: attachment.size,
        content_url: attachment.content_url.clone(),
    }
}

async fn in_memory(client: &JiraClient, attachment: &PendingAttachment) -> Result<Bytes, JiraError> {
    let begin = || FileBuffer::new(attachment.size as usize);
    let take = |content: &mut FileBuffer, chunk: &[u8]| content.write_all(chunk).expect("memory takes every write");
    Ok(collected(client, attachment, begin, take).await?.into_bytes())
}

async fn encoded(client: &JiraClient, attachment: &PendingAttachment) -> Result<EncodedFile, JiraError> {
    let begin = || FileEncoder::new(attachment.size);
    Ok(collected(client, attachment, begin, FileEncoder::push).await?.finish())
}

/// The whole content, taken from the beginning again when it breaks off.
async fn collected<T>(
    client: &JiraClient,
    attachment: &PendingAttachment,
    begin: impl Fn() -> T,
    take: impl Fn(&mut T, &[u8]),
) -> Result<T, JiraError> {
    let reference = reference(attachment);
    let mut tries = 1;
    loop {
        let read = async {
            let mut download = client.attachment(&reference).await?;
            let mut content = begin();
            while let Some(chunk) = download.next_chunk().await? {
                take(&mut content, &chunk);
            }
            Ok(content)
        };
        match read.await {
            Err(error) if JiraError::is_retryable(&error) && tries < TRIES => tries += 1,
            result => return result,
        }
    }
}

/// Writes the whole content into an empty file. The inner error may go away when it is tried again.
async fn on_disk(
    client: &JiraClient,
    attachment: &PendingAttachment,
    file: &mut tokio::fs::File,
) -> Result<Result<(), JiraError>, SourceError> {
    let broken = |error: std::io::Error| SourceError::new(format!("cannot write a temporary file: {error}"), true);
    file.rewind().await.map_err(broken)?;
    file.set_len(0).await.map_err(broken)?;
    let mut download = match client.attachment(&reference(attachment)).await {
        Ok(download) => download,
        Err(error) => return Ok(Err(error)),
    };
    loop {
        match download.next_chunk().await {
            Ok(Some(chunk)) => file.write_all(&chunk).await.map_err(broken)?,
            Ok(None) => return Ok(Ok(())),
            Err(error) => return Ok(Err(error)),
        }
    }
}
