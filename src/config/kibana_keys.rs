//! Keys of `kibana.yml` that a pasted block has, and what they are called here.

/// What becomes of a key of Kibana's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KibanaKey {
    /// A group of keys.
    Section,
    /// The same under another name.
    Ours(String),
    /// It means nothing here, for this reason.
    NoEffect(&'static str),
}

const SAME: [(&str, &str); 4] = [
    ("xpack.actions.allowedHosts", "actions.allowed_hosts"),
    ("xpack.actions.enabledActionTypes", "actions.enabled_action_types"),
    ("xpack.encryptedSavedObjects.encryptionKey", "actions.encryption_key"),
    (
        "xpack.encryptedSavedObjects.keyRotation.decryptionOnlyKeys",
        "actions.decryption_only_keys",
    ),
];
const SECTIONS: [&str; 4] = [
    "xpack",
    "xpack.actions",
    "xpack.encryptedSavedObjects",
    "xpack.encryptedSavedObjects.keyRotation",
];
const PRECONFIGURED: &str = "xpack.actions.preconfigured";

/// What becomes of this path; `None` when it is no key of Kibana's.
pub(super) fn kibana_key(path: &str) -> Option<KibanaKey> {
    if path != "xpack" && !path.starts_with("xpack.") {
        return None;
    }
    if SECTIONS.contains(&path) {
        return Some(KibanaKey::Section);
    }
    if let Some((_, ours)) = SAME.iter().find(|(kibanas, _)| *kibanas == path) {
        return Some(KibanaKey::Ours((*ours).to_owned()));
    }
    if let Some(rest) = path.strip_prefix(PRECONFIGURED)
        && (rest.is_empty() || rest.starts_with('.'))
    {
        return Some(KibanaKey::Ours(format!("actions.preconfigured{rest}")));
    }
    let name = path.strip_prefix("xpack.actions.").unwrap_or_default();
    let begins = |names: &[&str]| {
        names
            .iter()
            .any(|known| name == *known || name.starts_with(&format!("{known}.")))
    };
    Some(KibanaKey::NoEffect(
        if begins(&["proxyUrl", "proxyHeaders", "proxyBypassHosts", "proxyOnlyHosts"]) {
            "proxies come from the environment (HTTPS_PROXY, NO_PROXY)"
        } else if begins(&[
            "ssl",
            "customHostSettings",
            "proxyRejectUnauthorizedCertificates",
            "rejectUnauthorized",
        ]) {
            "certificates are verified with what the machine trusts: add the authority there (SSL_CERT_FILE)"
        } else if begins(&["run", "queued", "rateLimiter"]) {
            "an action runs at once, and answers say whether a repeat can help"
        } else if begins(&["maxResponseContentLength", "responseTimeout"]) {
            "limits are fixed: 20 s and 1 MiB or more for one answer"
        } else {
            "this program has no such part of Kibana"
        },
    ))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    fn read(text: &str) -> Result<Config, String> {
        Config::from_text(Path::new("config.yml"), text, &|_| None).map_err(|error| error.to_string())
    }

    #[test]
    fn a_block_of_kibana_yml_can_be_pasted_as_it_is() {
        for text in [
            "xpack.actions.allowedHosts: [a.example]\nxpack.actions.enabledActionTypes: ['.jira']\n\
             xpack.actions.responseTimeout: 60s\nxpack.actions.preconfigured:\n  ops:\n    name: Ops\n    actionTypeId: .jira\n",
            "xpack:\n  actions:\n    allowedHosts: [a.example]\n    enabledActionTypes: ['.jira']\n    responseTimeout: 60s\n    \
             preconfigured:\n      ops: { name: Ops, actionTypeId: .jira }\n",
        ] {
            let config = read(text).unwrap();
            assert_eq!(config.actions.allowed_hosts, ["a.example"], "{text}");
            assert_eq!(config.actions.enabled_types, [".jira"]);
            assert_eq!(config.actions.preconfigured[0].id, "ops");
            let warned = config
                .warnings
                .iter()
                .any(|warning| warning.contains("xpack.actions.responseTimeout has no effect"));
            assert!(warned, "{:?}", config.warnings);
        }
    }

    #[test]
    fn a_key_in_both_spellings_is_given_twice() {
        let error = read("xpack.actions.allowedHosts: [a]\nactions.allowed_hosts: [b]\n").unwrap_err();
        assert!(error.contains("is given twice"), "{error}");
    }

    #[test]
    fn flags_of_a_preconfigured_connector_are_flags() {
        let text = "actions:\n  preconfigured:\n    snow:\n      name: Snow\n      actionTypeId: .servicenow\n      \
                    config: { apiUrl: https://a.example, usesTableApi: false, jwtKeyId: \"true\" }\n";
        let config = read(text).unwrap();
        assert_eq!(config.actions.preconfigured[0].config["usesTableApi"], false);
    }
}
