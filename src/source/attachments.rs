//! Downloads the content of an attachment, whole or not at all.

use bytes::{Bytes, BytesMut};
use jira_client::{AttachmentRef, JiraClient, JiraError};

use crate::sync::PendingAttachment;

/// The client compares the number of bytes with the size that Jira states; a shorter or longer body is an error.
pub(super) async fn download(client: &JiraClient, attachment: &PendingAttachment) -> Result<Bytes, JiraError> {
    let reference = AttachmentRef {
        id: attachment.document.jira_id.to_string(),
        filename: attachment.filename.clone(),
        size: attachment.size,
        content_url: attachment.content_url.clone(),
    };
    let mut download = client.attachment(&reference).await?;
    let mut content = BytesMut::with_capacity(attachment.size as usize);
    while let Some(chunk) = download.next_chunk().await? {
        content.extend_from_slice(&chunk);
    }
    Ok(content.freeze())
}
