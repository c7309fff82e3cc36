//! The configuration fields that a connector of service type `jira` has, in the order Kibana shows them.
//!
//! Keys, labels, order and rules of the first seventeen are those of the framework's Jira connector, so that a record
//! it made is understood as it is. Reading and checking values is done by `forms`.

use serde_json::{Value, json};

use crate::forms::{FieldDefinition, FieldType, Form};

/// `service_type` of the connectors that this program serves.
pub const SERVICE_TYPE: &str = "jira";

const TEXT: FieldDefinition = FieldDefinition::TEXT;
const TOGGLE: FieldDefinition = FieldDefinition::TOGGLE;

/// A switch that older records lack.
const ADDED_TOGGLE: FieldDefinition = FieldDefinition {
    default: Some("false"),
    required: false,
    advanced: true,
    ..TOGGLE
};

const CLOUD: &[(&str, &str)] = &[("data_source", "\"jira_cloud\"")];
const CLOUD_SERVICE_ACCOUNT: &[(&str, &str)] = &[
    ("data_source", "\"jira_cloud\""),
    ("cloud_auth_method", "\"oauth_client_credentials\""),
];
const SERVICE_ACCOUNT: &[(&str, &str)] = &[("cloud_auth_method", "\"oauth_client_credentials\"")];
const SERVER: &[(&str, &str)] = &[("data_source", "\"jira_server\"")];
const DATA_CENTER: &[(&str, &str)] = &[("data_source", "\"jira_data_center\"")];
const DATA_CENTER_BASIC: &[(&str, &str)] = &[
    ("data_source", "\"jira_data_center\""),
    ("data_center_auth_method", "\"basic\""),
];
const DATA_CENTER_TOKEN: &[(&str, &str)] = &[
    ("data_source", "\"jira_data_center\""),
    ("data_center_auth_method", "\"personal_access_token\""),
];

/// The configuration of a connector.
pub const FORM: Form = Form { fields: FIELDS };

const FIELDS: &[FieldDefinition] = &[
    FieldDefinition {
        key: "data_source",
        label: "Jira data source",
        display: "dropdown",
        initial: "\"jira_cloud\"",
        options: &[
            ("Jira Cloud", "jira_cloud"),
            ("Jira Server", "jira_server"),
            ("Jira Data Center", "jira_data_center"),
        ],
        ..TEXT
    },
    FieldDefinition {
        key: "username",
        label: "Jira Server username",
        depends_on: SERVER,
        ..TEXT
    },
    FieldDefinition {
        key: "password",
        label: "Jira Server password",
        depends_on: SERVER,
        sensitive: true,
        ..TEXT
    },
    FieldDefinition {
        key: "data_center_auth_method",
        label: "Jira Data Center authentication method",
        display: "dropdown",
        initial: "\"basic\"",
        options: &[
            ("Basic authentication", "basic"),
            ("Personal access token", "personal_access_token"),
        ],
        depends_on: DATA_CENTER,
        ..TEXT
    },
    FieldDefinition {
        key: "data_center_username",
        label: "Jira Data Center username",
        depends_on: DATA_CENTER_BASIC,
        ..TEXT
    },
    FieldDefinition {
        key: "data_center_password",
        label: "Jira Data Center password",
        depends_on: DATA_CENTER_BASIC,
        sensitive: true,
        ..TEXT
    },
    FieldDefinition {
        key: "data_center_personal_access_token",
        label: "Jira Data Center personal access token",
        depends_on: DATA_CENTER_TOKEN,
        sensitive: true,
        ..TEXT
    },
    FieldDefinition {
        key: "account_email",
        label: "Jira Cloud email address",
        tooltip: Some("Address of the Atlassian account that the API token belongs to, such as me@example.com."),
        depends_on: CLOUD,
        // Kibana shows it for every Cloud connector, as the framework defined it; a service account has none.
        unless: SERVICE_ACCOUNT,
        ..TEXT
    },
    FieldDefinition {
        key: "api_token",
        label: "Jira Cloud API token",
        depends_on: CLOUD,
        // Kibana shows it for every Cloud connector, as the framework defined it; a service account has none.
        unless: SERVICE_ACCOUNT,
        sensitive: true,
        ..TEXT
    },
    FieldDefinition {
        key: "jira_url",
        label: "Jira host url",
        ..TEXT
    },
    FieldDefinition {
        key: "projects",
        label: "Jira project keys",
        kind: FieldType::List,
        display: "textarea",
        tooltip: Some("Keys separated by commas, or * for every project. Not used while advanced sync rules are."),
        ..TEXT
    },
    FieldDefinition {
        key: "ssl_enabled",
        label: "Enable SSL",
        tooltip: Some("Adds the certificate below to those the system trusts. HTTPS is verified either way."),
        ..TOGGLE
    },
    FieldDefinition {
        key: "ssl_ca",
        label: "SSL certificate",
        depends_on: &[("ssl_enabled", "true")],
        ..TEXT
    },
    FieldDefinition {
        key: "retry_count",
        label: "Retries for failed requests",
        kind: FieldType::Int,
        display: "numeric",
        default: Some("3"),
        required: false,
        greater_than: Some(-1),
        advanced: true,
        ..TEXT
    },
    FieldDefinition {
        key: "concurrent_downloads",
        label: "Maximum concurrent downloads",
        kind: FieldType::Int,
        display: "numeric",
        default: Some("100"),
        required: false,
        less_than: Some(101),
        greater_than: Some(0),
        advanced: true,
        ..TEXT
    },
    FieldDefinition {
        key: "use_document_level_security",
        label: "Enable document level security",
        tooltip: Some("Carries Jira's permissions over to Elasticsearch. Needs access control syncs."),
        ..TOGGLE
    },
    FieldDefinition {
        key: "use_text_extraction_service",
        label: "Use text extraction service",
        tooltip: Some("Needs the separate extraction service; switch content extraction off in the pipeline."),
        advanced: true,
        ..TOGGLE
    },
    FieldDefinition {
        key: "max_deletion_percent",
        label: "Most documents a sync may delete, in percent",
        kind: FieldType::Int,
        display: "numeric",
        initial: "20",
        default: Some("20"),
        required: false,
        tooltip: Some("A sync that would delete a larger share of the index fails and deletes nothing. 100: no limit."),
        less_than: Some(101),
        greater_than: Some(-1),
        advanced: true,
        ..TEXT
    },
    FieldDefinition {
        key: "dls_security_levels",
        label: "Issues whose readers no list tells",
        display: "dropdown",
        initial: "\"deny\"",
        default: Some("\"deny\""),
        required: false,
        tooltip: Some(
            "Data Center does not list the members of security levels. deny: nobody finds such issues. per_issue: Jira \
             is asked about each of them, one request or more an issue.",
        ),
        depends_on: &[("use_document_level_security", "true")],
        options: &[("Nobody sees them", "deny"), ("Ask Jira about each", "per_issue")],
        advanced: true,
        ..TEXT
    },
    FieldDefinition {
        key: "sweep_interval",
        label: "Minutes between looking for deletions",
        kind: FieldType::Int,
        display: "numeric",
        initial: "60",
        default: Some("60"),
        required: false,
        tooltip: Some(
            "Incremental syncs look for deleted, moved and archived issues this often; full syncs always do.",
        ),
        less_than: Some(525_601),
        greater_than: Some(-1),
        advanced: true,
        ..TEXT
    },
    FieldDefinition {
        key: "ssl_verification",
        label: "Verification of Jira's certificate",
        display: "dropdown",
        initial: "\"full\"",
        default: Some("\"full\""),
        required: false,
        tooltip: Some("full: chain and host name. certificate: chain only. none: nothing, which exposes the token."),
        options: &[("Full", "full"), ("Certificate only", "certificate"), ("None", "none")],
        advanced: true,
        ..TEXT
    },
    FieldDefinition {
        key: "cloud_auth_method",
        label: "Jira Cloud authentication method",
        display: "dropdown",
        initial: "\"api_token\"",
        default: Some("\"api_token\""),
        required: false,
        tooltip: Some(
            "API tokens with scopes and service accounts reach Jira through api.atlassian.com. For a service account, \
             fill email and API token with a hyphen.",
        ),
        options: &[
            ("API token", "api_token"),
            ("API token with scopes", "scoped_token"),
            ("OAuth 2.0 client credentials", "oauth_client_credentials"),
        ],
        depends_on: CLOUD,
        ..TEXT
    },
    FieldDefinition {
        key: "oauth_client_id",
        label: "OAuth 2.0 client ID",
        default: Some("\"\""),
        required: false,
        needed: true,
        depends_on: CLOUD_SERVICE_ACCOUNT,
        ..TEXT
    },
    FieldDefinition {
        key: "oauth_client_secret",
        label: "OAuth 2.0 client secret",
        default: Some("\"\""),
        required: false,
        needed: true,
        sensitive: true,
        depends_on: CLOUD_SERVICE_ACCOUNT,
        ..TEXT
    },
    FieldDefinition {
        key: "extraction_mode",
        label: "Who takes the text of files",
        display: "dropdown",
        required: false,
        tooltip: Some(
            "pipeline: the ingest pipeline. service: Elastic's extraction service. local: this connector. Empty: as \
             \"Use text extraction service\" says.",
        ),
        options: &[
            ("Ingest pipeline", "pipeline"),
            ("Extraction service", "service"),
            ("This connector", "local"),
        ],
        advanced: true,
        ..TEXT
    },
    FieldDefinition {
        key: "max_text_size",
        label: "Characters of a file's text to index",
        kind: FieldType::Int,
        display: "numeric",
        initial: "1000000",
        default: Some("1000000"),
        required: false,
        tooltip: Some("Longer text is cut."),
        less_than: Some(100_000_001),
        greater_than: Some(0),
        advanced: true,
        ..TEXT
    },
    FieldDefinition {
        key: "sync_changelog",
        label: "Index the history of issues",
        tooltip: Some(
            "Each entry of an issue's history becomes a document: who changed which field when. One more request for \
             100 issues.",
        ),
        ..ADDED_TOGGLE
    },
    FieldDefinition {
        key: "sync_agile",
        label: "Index boards and sprints",
        tooltip: Some(
            "Boards and sprints become documents. Needs Jira Software. One request or more for each board with \
             sprints, in full syncs and whenever deletions are looked for.",
        ),
        ..ADDED_TOGGLE
    },
    FieldDefinition {
        key: "sync_jsm",
        label: "Index what service management knows",
        tooltip: Some(
            "Request type, organizations and service levels of issues under names that do not depend on the site. \
             Needs Jira Service Management, and no further request.",
        ),
        ..ADDED_TOGGLE
    },
    FieldDefinition {
        key: "file_extensions",
        label: "Extensions of files to read",
        kind: FieldType::List,
        display: "textarea",
        default: Some("\"\""),
        required: false,
        tooltip: Some(
            "Separated by commas. pdf, docx: only these. +log, -svg: one more and one less than usual. Empty: the usual \
             ones.",
        ),
        advanced: true,
        ..TEXT
    },
];

/// The `features` of a connector of this type. Only what works is announced.
pub fn features() -> Value {
    json!({
        "document_level_security": {"enabled": true},
        "incremental_sync": {"enabled": true},
        "native_connector_api_keys": {"enabled": false},
        "sync_rules": {"advanced": {"enabled": true}, "basic": {"enabled": true}},
    })
}
