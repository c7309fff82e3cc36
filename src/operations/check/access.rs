//! Looks at document level security: what is denied because it cannot be read, and who could change that.

use elastic_client::ElasticClient;
use sync_engine::sync::SyncCursor;

use super::findings::Findings;
use super::privileges::privileges;
use crate::clients::client_for_connector;
use crate::config::ConnectorEntry;
use crate::inbound::jobs::access_control_job;
use crate::inbound::sink::IdentityIndex;
use crate::inbound::source::Login;
use crate::inbound::source::permissions::DocumentAccess;

/// Global permissions without which something is denied, with what they are for. Cloud has one for users that the
/// others call otherwise.
const PERMISSIONS: [(&str, &str); 2] = [
    (
        "ADMINISTER",
        "\"Administer Jira\": permission schemes, security levels and application roles",
    ),
    (
        "USER_PICKER",
        "\"Browse users and groups\": users and members of groups",
    ),
];

/// The Elasticsearch side: licence, privileges, documents that nobody finds.
pub(super) async fn elasticsearch(
    client: &ElasticClient,
    entry: &ConnectorEntry,
    index: &str,
    subject: &dyn Fn(&str) -> String,
    findings: &mut Findings,
) {
    findings.add(
        &subject("licence for document level security"),
        match access_control_job::check_license(client).await {
            Ok(()) => Ok("sufficient".into()),
            Err(error) => Err(error.to_string()),
        },
    );
    let own = match client_for_connector(client, entry) {
        Ok(own) => own,
        Err(error) => {
            findings.add(&subject("identities"), Err(error.to_string()));
            return;
        }
    };
    let identities = IdentityIndex::new(own.clone(), index);
    let wanted = serde_json::json!({
        "index": [{
            "names": [identities.name()],
            "privileges": ["read", "write", "create_index", "view_index_metadata", "maintenance"],
        }],
    });
    let writable = privileges(&own, wanted).await;
    let may_look = findings.add(
        &subject("identities"),
        writable.map(|()| format!("{} is writable", identities.name())),
    );
    // Without identities everything is hidden, and nothing says so.
    if may_look && !any_identity(&own, identities.name()).await {
        findings.warn(
            &subject("identities"),
            "document level security is on and there is no identity yet: nobody finds anything until an access control \
             sync has run; start one with `sync start --type access_control`, and schedule it",
        );
    }
}

async fn any_identity(client: &ElasticClient, index: &str) -> bool {
    let exists = client.indices().exists(index).await;
    let count = match exists {
        Ok(true) => client.indices().count(index, None).await,
        Ok(false) => return false,
        Err(error) => Err(error),
    };
    // What cannot be looked at is no news: the findings above say why.
    count.map_or(true, |count| count > 0)
}

/// The number of documents that nobody finds, with the reasons.
pub(super) async fn documents(
    client: &ElasticClient,
    entry: &ConnectorEntry,
    index: &str,
    access: &DocumentAccess,
    cursor: Option<SyncCursor>,
) -> Result<String, String> {
    let client = client_for_connector(client, entry).map_err(|error| error.to_string())?;
    let exists = client
        .indices()
        .exists(index)
        .await
        .map_err(|error| error.to_string())?;
    if !exists {
        return Ok("there are no documents yet".into());
    }
    let identities = IdentityIndex::new(client, index);
    let field = identities.access_field().await.map_err(|error| error.to_string())?;
    if cursor.and_then(|cursor| cursor.access) != Some(access.form()) {
        return Err(
            "no sync has written them as they have to be since document level security was switched on, or since \
             permissions look at other fields: run a full sync"
                .to_owned(),
        );
    }
    let denied = access_control_job::denied_documents(&identities, access.site(), &field).await;
    let denied = denied.map_err(|error| error.to_string())?;
    Ok(format!(
        "every document carries some; {denied} are found by nobody, for lack of information about their readers"
    ))
}

/// The Jira side: permissions of the account, and what it cannot read.
pub(super) async fn jira(
    login: &Login,
    subject: &dyn Fn(&str) -> String,
    findings: &mut Findings,
) -> Option<DocumentAccess> {
    let keys: Vec<&str> = PERMISSIONS.iter().map(|(key, _)| *key).collect();
    findings.add(
        &subject("permissions for document level security"),
        match login.client.my_permissions(&keys).await {
            Ok(had) => {
                let missing = PERMISSIONS.iter().filter(|(key, _)| had.get(*key) != Some(&true));
                let missing: Vec<&str> = missing.map(|(_, purpose)| *purpose).collect();
                if missing.is_empty() {
                    Ok("sufficient".into())
                } else {
                    Err(format!("the account lacks {}", missing.join("; ")))
                }
            }
            Err(error) => Err(error.to_string()),
        },
    );
    let read = async {
        let scope = login.scope().await?;
        login.document_access(&scope).await
    };
    let access = read.await;
    findings.add(
        &subject("readers of documents"),
        match access.as_ref().map(DocumentAccess::unreadable) {
            Ok(unreadable) if unreadable.is_empty() => {
                Ok("all permission schemes and security levels are readable".into())
            }
            Ok(unreadable) => Err(format!("denied to everybody: {}", unreadable.join("; "))),
            Err(error) => Err(error.to_string()),
        },
    );
    access.ok()
}
