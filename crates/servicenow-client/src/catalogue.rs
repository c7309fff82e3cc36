//! What an instance offers: the columns of a table, and the choices of columns.

use http_kit::NotDone;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::Request;
use crate::client::ServiceNow;
use crate::query::Query;
use crate::query::QueryFault;
use crate::table::refused;
use crate::table::unexpected;

const PAGE: usize = 1000;
/// More pages than any table has choices for; an instance that ignores the offset would never end.
const MOST_PAGES: usize = 20;

/// A column, as the dictionary has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its name.
    pub element: String,
    /// Its name for people.
    pub column_label: String,
    /// `true` or `false`.
    pub mandatory: String,
    /// Characters that it holds.
    pub max_length: String,
    /// `string`, `reference`, ...
    #[serde(default)]
    pub internal_type: String,
    /// The table that a reference leads to.
    #[serde(default)]
    pub reference: String,
}

/// A value that a column may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// The column.
    pub element: String,
    /// Its name for people.
    pub label: String,
    /// The value.
    pub value: String,
    /// Offered only when the column that this one depends on has that value.
    #[serde(default)]
    pub dependent_value: String,
}

impl ServiceNow {
    /// The columns of a table that can be written.
    pub async fn columns(&self, table: &str) -> Result<Vec<Column>, NotDone> {
        let query = Query::default()
            .is_one_of("name", &["task", table])
            .and_then(|query| query.equals("active", "true"))
            .and_then(|query| query.equals("array", "false"))
            .and_then(|query| query.equals("read_only", "false"));
        self.listed(
            "sys_dictionary",
            query,
            "element,column_label,mandatory,max_length,internal_type,reference",
        )
        .await
    }

    /// The choices of columns, in English.
    pub async fn choices(&self, table: &str, columns: &[&str]) -> Result<Vec<Choice>, NotDone> {
        let query = Query::default()
            .is_one_of("name", &["task", table])
            .and_then(|query| query.is_one_of("element", columns))
            .and_then(|query| query.equals("language", "en"));
        self.listed("sys_choice", query, "element,label,value,dependent_value")
            .await
    }

    async fn listed<T: DeserializeOwned>(
        &self,
        table: &str,
        query: Result<Query, QueryFault>,
        fields: &str,
    ) -> Result<Vec<T>, NotDone> {
        let query = query.map_err(|fault| refused(fault.to_string()))?.encoded();
        let mut all = Vec::new();
        for page in 0..MOST_PAGES {
            let parameters = vec![
                ("sysparm_query", query.clone()),
                ("sysparm_fields", fields.to_owned()),
                ("sysparm_exclude_reference_link", "true".to_owned()),
                ("sysparm_limit", PAGE.to_string()),
                ("sysparm_offset", (page * PAGE).to_string()),
            ];
            let mut answer = self
                .send(Request::get(format!("/api/now/table/{table}"), parameters))
                .await?;
            let listed: Vec<T> = serde_json::from_value(answer["result"].take()).map_err(|_| unexpected(false))?;
            let is_last = listed.len() < PAGE;
            all.extend(listed);
            if is_last {
                return Ok(all);
            }
        }
        Err(refused(format!(
            "the instance lists more than {} entries of {table}",
            MOST_PAGES * PAGE
        )))
    }
}
