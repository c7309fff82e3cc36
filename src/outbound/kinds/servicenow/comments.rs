//! Adds each work note once. A journal cannot be asked for a note, so the ledger alone knows which ones were sent.

use chrono::{DateTime, SecondsFormat, Utc};
use futures::future::BoxFuture;
use http_kit::NotDone;
use serde_json::{Map, Value, json};

use super::instance::Instance;
use super::push::write;
use crate::outbound::delivery::{Done, External, Made, Making, Renewed};
use crate::outbound::kinds::Call;
use crate::outbound::kinds::mapping::MappedComment;

/// What became of the notes.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// The answer to the caller: `commentId` and `pushedDate` of each that is there.
    pub(super) comments: Vec<Value>,
    pub(super) warnings: Vec<String>,
}

struct Note<'a> {
    instance: &'a Instance,
    sys_id: &'a str,
    comment: &'a MappedComment,
}

/// Adds the notes that were not added yet. One that fails does not undo the others: the caller hears of it.
pub(super) async fn send(instance: &Instance, call: Call<'_>, sys_id: &str, comments: &[MappedComment]) -> Sent {
    let mut sent = Sent::default();
    for comment in comments {
        let note = Note {
            instance,
            sys_id,
            comment,
        };
        let key = format!("note:{sys_id}:{}", comment.id);
        match call.delivery.once(&key, &note).await {
            Ok(done) => {
                let mut told = json!({ "commentId": comment.id });
                if let Some(at) = done.data.get("pushedDate") {
                    told["pushedDate"] = at.clone();
                }
                sent.comments.push(told);
            }
            Err(error) => sent
                .warnings
                .push(format!("comment {} may not have been sent: {error}", comment.id)),
        }
    }
    sent
}

impl Note<'_> {
    async fn added(&self) -> Result<Made, NotDone> {
        let table = self.instance.table();
        if self.instance.uses_table_api {
            let client = &self.instance.client;
            client
                .add_entry(table, self.sys_id, "work_notes", &self.comment.text)
                .await?;
        } else {
            let columns = Map::from_iter([("work_notes".to_owned(), json!(self.comment.text))]);
            write(self.instance, Some(self.sys_id), &columns, &Map::new()).await?;
        }
        let at = Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true);
        Ok(Made {
            external: External {
                id: self.comment.id.clone(),
                key: String::new(),
            },
            done: Done::with(json!({ "pushedDate": at })),
        })
    }
}

impl Making for Note<'_> {
    fn make(&self) -> BoxFuture<'_, Result<Made, NotDone>> {
        Box::pin(self.added())
    }

    fn find(&self, _since: DateTime<Utc>) -> BoxFuture<'_, Result<Option<External>, NotDone>> {
        let text = "whether the note was added cannot be looked up: look at the incident";
        Box::pin(std::future::ready(Err(NotDone::Unknown(text.to_owned()))))
    }

    fn update<'a>(&'a self, _external: &'a External) -> BoxFuture<'a, Result<Renewed, NotDone>> {
        Box::pin(std::future::ready(Ok(Renewed::Updated(Done::with(json!({}))))))
    }
}
