//! Operations on indices as a whole: list, empty, delete. Somebody asked for exactly that; no sync ever does it.

use elastic_client::{BulkBody, ElasticClient, ItemOutcome, ScanNext};
use serde::Serialize;

use super::error::{Doing as _, OperationError};
use super::installation::Installation;

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexView {
    /// Its name.
    pub index_name: String,
    /// Documents in it.
    pub documents: u64,
}

/// The open indices that are not hidden.
pub async fn list(installation: &Installation<'_>) -> Result<Vec<IndexView>, OperationError> {
    let indices = installation
        .client
        .indices()
        .list()
        .await
        .doing("cannot list the indices")?;
    let views = indices
        .into_iter()
        .map(|(index_name, documents)| IndexView { index_name, documents });
    Ok(views.collect())
}

/// The index of this name.
pub async fn find(installation: &Installation<'_>, index: &str) -> Result<IndexView, OperationError> {
    refuse_patterns(index)?;
    let indices = installation.client.indices();
    if !indices.exists(index).await.doing("cannot look for the index")? {
        return Err(OperationError::NotFound(format!("there is no index {index}")));
    }
    Ok(IndexView {
        index_name: index.to_owned(),
        documents: indices.count(index, None).await.doing("cannot count the documents")?,
    })
}

/// Deletes every document of an index and leaves the index. Returns their number.
pub async fn clean(installation: &Installation<'_>, index: &str) -> Result<u64, OperationError> {
    find(installation, index).await?;
    let doing = || format!("cannot delete the documents of {index}");
    let client = &installation.client;
    client.indices().refresh(index).await.doing(doing())?;
    let mut scan = client.scan(index, &[], None);
    let mut deleted = 0;
    loop {
        match scan.next_page().await.doing(doing())? {
            ScanNext::End { .. } => break,
            ScanNext::Page(page) => {
                let ids: Vec<String> = page.into_iter().map(|document| document.id).collect();
                deleted += delete_all(client, index, &ids).await?;
            }
        }
    }
    client.indices().refresh(index).await.doing(doing())?;
    Ok(deleted)
}

async fn delete_all(client: &ElasticClient, index: &str, ids: &[String]) -> Result<u64, OperationError> {
    let doing = || format!("cannot delete the documents of {index}");
    let mut body = BulkBody::with_capacity(ids.len() * 64);
    for id in ids {
        body.delete(id).doing(doing())?;
    }
    let response = client.bulk(&body.into_request(index, None)).await.doing(doing())?;
    let mut deleted = 0;
    for item in &response.items {
        match (item.outcome(), &item.error) {
            (ItemOutcome::Applied, _) => deleted += 1,
            (ItemOutcome::NotFound, _) => {}
            (_, error) => {
                let reason = error.as_ref().map_or("no reason", |error| error.reason.as_str());
                return Err(OperationError::failed(doing(), reason));
            }
        }
    }
    Ok(deleted)
}

/// Deletes an index with its documents.
pub async fn delete(installation: &Installation<'_>, index: &str) -> Result<(), OperationError> {
    refuse_patterns(index)?;
    let deleted = installation.client.indices().delete(index).await;
    match deleted.doing(format!("cannot delete index {index}"))? {
        true => Ok(()),
        false => Err(OperationError::NotFound(format!("there is no index {index}"))),
    }
}

/// One index is meant, never many.
fn refuse_patterns(index: &str) -> Result<(), OperationError> {
    if index.is_empty() || index == "_all" || index.contains(['*', ',', '?']) {
        let text = format!("\"{index}\" is not the name of one index");
        return Err(OperationError::Invalid(text));
    }
    Ok(())
}
