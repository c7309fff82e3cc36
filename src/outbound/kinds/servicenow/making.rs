//! How a record is made, found again and brought up to date for one key.

use chrono::{DateTime, NaiveDateTime, Utc};
use futures::future::BoxFuture;
use http_kit::NotDone;
use serde_json::{Map, Value, json};
use servicenow_client::{Query, Record};

use super::columns::{Pushed, refused};
use super::comments;
use super::instance::{Instance, OnClosed};
use super::push::{answered, differences, read, update, write};
use crate::outbound::delivery::{External, Made, Making, Renewed};
use crate::outbound::kinds::Call;

/// A push of one key.
pub(super) struct RecordMaking<'a> {
    pub(super) instance: &'a Instance,
    pub(super) call: Call<'a>,
    pub(super) pushed: &'a Pushed,
    /// The value of the column `correlation_id`.
    pub(super) correlation: String,
}

/// The record of a key: an open one first, then the newest.
pub(super) async fn of_correlation(instance: &Instance, id: &str) -> Result<Option<Record>, NotDone> {
    let query = Query::default()
        .equals("correlation_id", id)
        .map_err(|fault| refused(fault.to_string()))?;
    let found = instance
        .client
        .find(instance.table(), &query.newest_first(), &["active"])
        .await?;
    let open = found.iter().position(|record| instance.is_open(record));
    Ok(found.into_iter().nth(open.unwrap_or(0)))
}

impl RecordMaking<'_> {
    async fn made(&self) -> Result<Made, NotDone> {
        // Somebody else may have made it: a Kibana before us, or another connector.
        let there = match &self.pushed.correlation_id {
            Some(id) => of_correlation(self.instance, id).await?,
            None => None,
        };
        if let Some(record) = &there
            && let Renewed::Updated(done) = self.brought_up(record).await?
        {
            let external = external(record);
            return Ok(Made { external, done });
        }
        let (mut known, additional) = self.pushed.columns(None);
        known.insert("correlation_id".to_owned(), json!(self.correlation));
        if let Some(caller) = &self.instance.caller {
            for name in ["caller_id", "opened_by"] {
                if !additional.contains_key(name) && !additional.contains_key(&format!("u_{name}")) {
                    known.insert(name.to_owned(), json!(caller));
                }
            }
        }
        let written = write(self.instance, None, &known, &additional).await?;
        let mut warnings = self.pushed.warnings.clone();
        warnings.extend(differences(
            self.instance,
            &written,
            &without_people(known),
            &additional,
        ));
        // Elastic's app keeps one record for each correlation id, whatever its state.
        if there.is_some_and(|closed| closed.sys_id == written.sys_id) {
            warnings.push(format!(
                "no new incident was made: Elastic's app updated {}, which is closed; set onClosed to reopen, or \
                 usesTableApi to true",
                written.text("number")
            ));
        }
        let sent = comments::send(self.instance, self.call, &written.sys_id, &self.pushed.comments).await;
        warnings.extend(sent.warnings);
        let (number, at) = (written.text("number"), written.text("sys_created_on"));
        let done = answered(self.instance, &written.sys_id, number, at, warnings, sent.comments);
        Ok(Made {
            external: external(&written),
            done,
        })
    }

    async fn brought_up(&self, record: &Record) -> Result<Renewed, NotDone> {
        let more = match (self.instance.is_open(record), self.instance.on_closed) {
            (false, OnClosed::Create) => return Ok(Renewed::Ended),
            (false, OnClosed::Reopen) => {
                Map::from_iter([("state".to_owned(), json!(self.instance.product.worked_on()))])
            }
            (true, _) | (false, OnClosed::Update) => Map::new(),
        };
        let done = update(self.instance, self.call, self.pushed, record, more).await?;
        Ok(Renewed::Updated(done))
    }

    async fn renewed(&self, external: &External) -> Result<Renewed, NotDone> {
        match read(self.instance, &external.id, self.pushed).await? {
            Some(record) => self.brought_up(&record).await,
            None => Ok(Renewed::Ended),
        }
    }

    /// The table is asked, not an index: what is there is found.
    async fn found(&self, since: DateTime<Utc>) -> Result<Option<External>, NotDone> {
        let found = of_correlation(self.instance, &self.correlation).await?;
        let is_new = |record: &Record| {
            let at = NaiveDateTime::parse_from_str(record.text("sys_created_on"), "%Y-%m-%d %H:%M:%S");
            at.map_or(true, |at| at.and_utc() >= since)
        };
        Ok(found
            .filter(|record| self.instance.is_open(record) || is_new(record))
            .map(|record| external(&record)))
    }
}

impl Making for RecordMaking<'_> {
    fn make(&self) -> BoxFuture<'_, Result<Made, NotDone>> {
        Box::pin(self.made())
    }

    fn find(&self, since: DateTime<Utc>) -> BoxFuture<'_, Result<Option<External>, NotDone>> {
        Box::pin(self.found(since))
    }

    fn update<'a>(&'a self, external: &'a External) -> BoxFuture<'a, Result<Renewed, NotDone>> {
        Box::pin(self.renewed(external))
    }
}

fn external(record: &Record) -> External {
    External {
        id: record.sys_id.clone(),
        key: record.text("number").to_owned(),
    }
}

/// Kibana names the account as caller and opener; not every table has these columns.
fn without_people(mut columns: Map<String, Value>) -> Map<String, Value> {
    columns.retain(|name, _| !matches!(name.as_str(), "caller_id" | "opened_by"));
    columns
}
