//! Makes a connector with its index and its API key, or nothing at all.

use elastic_client::index_names::{CONNECTOR_INDICES_PATTERN, identities_of};
use elastic_client::{ConnectorStatus, ElasticClient, Refresh};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::fields::{FieldValues, Form, SERVICE_TYPE};
use super::take_over::hand_over;
use crate::inbound::sink::{Claimant, ContentIndex, OwnerError};
use crate::inbound::source::field_definitions::features;
use crate::operations::error::{Doing as _, OperationError};
use crate::operations::installation::Installation;
use crate::operations::revealed::revealed;

/// A connector that is wanted.
#[derive(Debug, Clone)]
pub struct NewConnector {
    /// Its id; Elasticsearch makes one when there is none.
    pub id: Option<String>,
    /// Its name in Kibana.
    pub name: String,
    /// The index that documents go to.
    pub index_name: String,
    /// Whether the index has to exist already.
    pub takes_over_index: bool,
    /// Language of the documents, a two-letter code.
    pub language: Option<String>,
    /// Values of its configuration. Without any it waits for being configured.
    pub values: FieldValues,
}

/// A connector that was made.
#[derive(Debug, Serialize)]
pub struct CreatedConnector {
    /// Its id.
    pub connector_id: String,
    /// Its index.
    pub index_name: String,
    /// Its API key in the encoded form, shown only now.
    #[serde(serialize_with = "revealed")]
    pub api_key: SecretString,
    /// Whether it can sync.
    pub configured: bool,
    /// Gaps of its configuration, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// Makes it. What was made before something failed is taken back.
pub async fn create(
    installation: &Installation<'_>,
    wanted: &NewConnector,
) -> Result<CreatedConnector, OperationError> {
    let form = Form::of(&wanted.values);
    let missing = form.problems().err().map(|error| error.to_string());
    // Somebody who gives some values means to give all; somebody who gives none means to use Kibana.
    if let Some(missing) = missing.as_ref().filter(|_| !wanted.values.is_empty()) {
        return Err(OperationError::Invalid(missing.clone()));
    }
    let (client, index) = (&installation.client, &wanted.index_name);
    let exists = client
        .indices()
        .exists(index)
        .await
        .doing("cannot look for the index")?;
    if wanted.takes_over_index && !exists {
        let text = format!("there is no index {index} to take over; without --from-index it is made");
        return Err(OperationError::Invalid(text));
    }
    let prepared = client.indices().ensure_connector_indices().await;
    prepared.doing("cannot prepare the connector records")?;
    let mut body = json!({ "index_name": index, "name": wanted.name, "service_type": SERVICE_TYPE });
    if let Some(language) = &wanted.language {
        body["language"] = language.as_str().into();
    }
    let created = client.connectors().put(wanted.id.as_deref(), &body).await;
    let id = created.doing("cannot create the connector")?;
    match finish(client, &id, wanted, &form, missing.is_none()).await {
        Ok(api_key) => Ok(CreatedConnector {
            connector_id: id,
            index_name: index.clone(),
            api_key,
            configured: missing.is_none(),
            missing,
        }),
        Err(error) => {
            // A connector without key or fields would only be in the way of the next try.
            let cleaned = client.connectors().delete(&id, true).await;
            let left = cleaned.err().map_or(String::new(), |error| {
                format!(" (connector {id} is left over: {error})")
            });
            Err(error.within(&format!("cannot finish creating the connector{left}")))
        }
    }
}

/// Everything that belongs to a connector besides its bare record.
async fn finish(
    client: &ElasticClient,
    id: &str,
    wanted: &NewConnector,
    form: &Form,
    complete: bool,
) -> Result<SecretString, OperationError> {
    let index = wanted.index_name.as_str();
    let made = ContentIndex::new(client, index).create_if_missing().await;
    made.map_err(|error| OperationError::failed(format!("cannot make index {index}"), error))?;
    own(client, id, wanted).await?;
    let role = json!({
        format!("{index}-connector-role"): {
            "cluster": ["monitor", "manage_connector"],
            "indices": [{
                "names": [index, identities_of(index), CONNECTOR_INDICES_PATTERN],
                "privileges": ["all"],
                "allow_restricted_indices": false,
            }],
        },
    });
    let key = client
        .api_keys()
        .create(&format!("{index}-connector"), role, json!({ "connector_id": id }))
        .await
        .doing("cannot make an API key for the connector; the account needs manage_own_api_key or manage_security")?;
    let written = client
        .connectors()
        .update_unconditionally(id, &record(form.configuration(), &key.id, complete), Refresh::Immediate)
        .await;
    if let Err(error) = written {
        let left_over = client.api_keys().invalidate(&key.id).await.err();
        let note = left_over.map_or(String::new(), |other| {
            format!(" (API key {} is left over: {other})", key.id)
        });
        return Err(error).doing(format!("cannot write the connector's configuration{note}"));
    }
    Ok(SecretString::from(key.encoded.expose_secret()))
}

/// Notes the connector as the owner of its index, which may be another's so far only when that is asked for.
async fn own(client: &ElasticClient, id: &str, wanted: &NewConnector) -> Result<(), OperationError> {
    let index = wanted.index_name.as_str();
    if !wanted.takes_over_index
        && let Err(error) = ContentIndex::new(client, index)
            .ownership(Claimant::new(client, id))
            .await
    {
        return Err(match error {
            OwnerError::Foreign { owner, .. } => OperationError::Conflict(format!(
                "index {index} belongs to connector {owner}: choose another index, or take it over with --from-index"
            )),
            other => OperationError::failed(format!("index {index} cannot be used"), other),
        });
    }
    hand_over(client, client, index, id).await.map(drop)
}

fn record(configuration: &Map<String, Value>, api_key_id: &str, complete: bool) -> Value {
    let status = if complete {
        ConnectorStatus::Configured
    } else {
        ConnectorStatus::NeedsConfiguration
    };
    json!({
        "configuration": configuration,
        "features": features(),
        "status": status,
        "api_key_id": api_key_id,
        "pipeline": {
            "name": "search-default-ingestion",
            "extract_binary_content": true,
            "reduce_whitespace": true,
            "run_ml_inference": true,
        },
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use wiremock::matchers::{any, method, path};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::*;
    use crate::clients::elastic_client;
    use crate::config::Config;

    #[tokio::test]
    async fn a_connector_that_gets_no_key_is_taken_back() {
        let server = MockServer::start().await;
        let answers = |status, body: Value| {
            ResponseTemplate::new(status)
                .insert_header("x-elastic-product", "Elasticsearch")
                .set_body_json(body)
        };
        let refused = json!({ "error": { "type": "security_exception", "reason": "no" }, "status": 403 });
        for (verb, at, answer) in [
            (
                "POST",
                "/_connector",
                answers(200, json!({ "id": "fresh", "result": "created" })),
            ),
            (
                "GET",
                "/search-jira/_mapping",
                answers(200, json!({ "search-jira": { "mappings": {} } })),
            ),
            ("POST", "/_security/api_key", answers(403, refused.clone())),
            ("PUT", "/_security/api_key", answers(403, refused)),
        ] {
            Mock::given(method(verb))
                .and(path(at))
                .respond_with(answer)
                .mount(&server)
                .await;
        }
        let deleted = Mock::given(method("DELETE")).and(path("/_connector/fresh"));
        let deleted = deleted
            .respond_with(answers(200, json!({ "acknowledged": true })))
            .expect(1);
        deleted.mount(&server).await;
        let rest = Mock::given(any()).respond_with(answers(200, json!({ "acknowledged": true })));
        rest.with_priority(9).mount(&server).await;
        let text = format!(
            "elasticsearch.host: {}\nelasticsearch.api_key: aWQ6a2V5\n",
            server.uri()
        );
        let config = Config::from_text(Path::new("config.yml"), &text, &|_| None).unwrap();
        let installation = Installation {
            client: elastic_client(&config.elasticsearch).unwrap(),
            config: &config,
        };
        let wanted = NewConnector {
            id: None,
            name: "Jira".to_owned(),
            index_name: "search-jira".to_owned(),
            takes_over_index: true,
            language: None,
            values: FieldValues::default(),
        };
        let error = create(&installation, &wanted).await.unwrap_err().to_string();
        assert!(
            error.contains("cannot make an API key") && !error.contains("left over"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn values_that_make_no_usable_connector_are_refused_before_anything_is_asked() {
        let text = "elasticsearch.host: http://127.0.0.1:1\nelasticsearch.api_key: aWQ6a2V5\n";
        let config = Config::from_text(Path::new("config.yml"), text, &|_| None).unwrap();
        let installation = Installation {
            client: elastic_client(&config.elasticsearch).unwrap(),
            config: &config,
        };
        let mut values = FieldValues::default();
        values.set("jira_url", "example".into());
        let wanted = NewConnector {
            id: None,
            name: "Jira".to_owned(),
            index_name: "search-jira".to_owned(),
            takes_over_index: false,
            language: None,
            values,
        };
        let refused = create(&installation, &wanted).await.unwrap_err();
        assert_eq!((refused.exit_code(), refused.http_status()), (2, 400), "{refused}");
    }
}
