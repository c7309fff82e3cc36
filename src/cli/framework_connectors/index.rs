//! `connectors index`: what goes is named before it goes.

use serde_json::json;

use super::arguments::IndexPart;
use super::asking;
use crate::cli::error::CommandError;
use crate::cli::output::{Output, table};
use crate::operations::{Installation, indices};

pub(super) async fn carry_out(
    installation: &Installation<'_>,
    part: IndexPart,
    output: &Output,
) -> Result<(), CommandError> {
    match part {
        IndexPart::List => {
            let all = indices::list(installation).await?;
            let rows: Vec<Vec<String>> = all
                .iter()
                .map(|index| vec![index.index_name.clone(), index.documents.to_string()])
                .collect();
            let text = if rows.is_empty() {
                "No indices found.".to_owned()
            } else {
                table(&["INDEX NAME", "NUMBER OF DOCUMENTS"], &rows)
            };
            output.result(&all, &text);
        }
        IndexPart::Clean { index } => {
            let found = indices::find(installation, &index).await?;
            asking::confirm(
                &format!("Delete all {} documents of index {index}?", found.documents),
                output,
            )?;
            let deleted = indices::clean(installation, &index).await?;
            let text = format!("{deleted} documents deleted from {index}. Only a full sync brings them back.");
            output.result(&json!({ "index_name": index, "deleted": deleted }), &text);
        }
        IndexPart::Delete { index } => {
            let found = indices::find(installation, &index).await?;
            asking::confirm(
                &format!("Delete index {index} with its {} documents?", found.documents),
                output,
            )?;
            indices::delete(installation, &index).await?;
            output.result(&json!({ "index_name": index }), &format!("Index {index} deleted."));
        }
    }
    Ok(())
}
