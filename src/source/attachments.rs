//! Downloads the content of an attachment, whole or not at all.

use bytes::{Bytes, BytesMut};
use jira_client::{AttachmentRef, Download, JiraClient, JiraError};

use crate::sync::PendingAttachment;

/// Tries of a download whose body broke off; the client only repeats what fails before the body begins.
const TRIES: u32 = 3;

/// The client compares the number of bytes with the size that Jira states; a shorter or longer body is an error.
pub(super) async fn download(client: &JiraClient, attachment: &PendingAttachment) -> Result<Bytes, JiraError> {
    let reference = AttachmentRef {
        id: attachment.document.jira_id.to_string(),
        filename: attachment.filename.clone(),
        size: attachment.size,
        content_url: attachment.content_url.clone(),
    };
    let mut tries = 1;
    loop {
        let mut download = client.attachment(&reference).await?;
        match read_whole(&mut download, attachment.size).await {
            Err(error) if error.is_retryable() && tries < TRIES => tries += 1,
            result => return result,
        }
    }
}

async fn read_whole(download: &mut Download, size: u64) -> Result<Bytes, JiraError> {
    let mut content = BytesMut::with_capacity(size as usize);
    while let Some(chunk) = download.next_chunk().await? {
        content.extend_from_slice(&chunk);
    }
    Ok(content.freeze())
}
