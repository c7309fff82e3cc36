//! Which hosts connectors may reach: a caller who may make connectors must not reach the inside of our network by them.
//!
//! Names are judged when a connector is made and used, addresses again when a connection is made: a name may resolve to
//! anything.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use http_kit::{Protocols, Tls};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// The answer to a machine that asks a cloud about itself, with credentials in it.
const METADATA_NAMES: [&str; 3] = ["metadata.google.internal", "metadata", "instance-data"];

/// The hosts that connectors may reach.
#[derive(Debug, Clone)]
pub struct Targets(Arc<Vec<String>>);

impl Targets {
    /// Names of hosts as `actions.allowed_hosts` has them. `*` stands for all that are not of this machine or its link; a
    /// host that is named may be anything.
    pub fn new(allowed: &[String]) -> Self {
        Self(Arc::new(allowed.iter().map(|host| host.to_lowercase()).collect()))
    }

    /// Whether an address may be a target. The error is Kibana's text.
    pub fn check(&self, url: &str) -> Result<(), String> {
        let refused = || {
            Err(format!(
                "target url \"{url}\" is not added to the Kibana config xpack.actions.allowedHosts (actions.allowed_hosts in \
                 config.yml; hosts of this machine and its link must be named there)"
            ))
        };
        let Ok(parsed) = Url::parse(url) else {
            return refused();
        };
        let is_inner = match parsed.host() {
            None => return refused(),
            Some(Host::Ipv4(address)) => is_inner(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_inner(IpAddr::V6(address)),
            Some(Host::Domain(name)) => {
                name == "localhost" || name.ends_with(".localhost") || METADATA_NAMES.contains(&name)
            }
        };
        let host = parsed.host_str().unwrap_or_default().trim_matches(['[', ']']);
        if self.names(host) || (!is_inner && self.0.iter().any(|allowed| allowed == "*")) {
            return Ok(());
        }
        refused()
    }

    /// A client that connects to no inner address but those of hosts that are named.
    pub fn client(&self) -> Result<reqwest::Client, reqwest::Error> {
        Tls::default()
            .client_builder(Protocols::Http2)
            .dns_resolver(Arc::new(self.clone()))
            .build()
    }

    fn names(&self, host: &str) -> bool {
        self.0.iter().any(|allowed| allowed == host)
    }
}

impl Resolve for Targets {
    fn resolve(&self, name: Name) -> Resolving {
        let targets = self.clone();
        Box::pin(async move {
            let host = name.as_str().to_lowercase();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host.as_str(), 0)).await?.collect();
            if !targets.names(&host) && found.iter().any(|address| is_inner(address.ip())) {
                let text =
                    format!("{host} leads to this machine or its link; name it in actions.allowed_hosts to allow it");
                return Err(Box::<dyn Error + Send + Sync>::from(text));
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Addresses of this machine, of its link, and of nobody.
fn is_inner(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_inner_v4(address),
        IpAddr::V6(address) => match address.to_ipv4_mapped() {
            Some(mapped) => is_inner_v4(mapped),
            None => {
                address.is_loopback()
                    || address.is_unspecified()
                    || address.is_multicast()
                    || address.is_unicast_link_local()
            }
        },
    }
}

fn is_inner_v4(address: Ipv4Addr) -> bool {
    address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_broadcast()
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("https://api.atlassian.com", true; "a host")]
    #[test_case("https://jira.corp.example:8443/jira", true; "a host of the company")]
    #[test_case("https://10.1.2.3/", true; "an address of the company")]
    #[test_case("http://localhost:9200", false; "this machine by name")]
    #[test_case("http://127.0.0.1:9200", false; "this machine")]
    #[test_case("http://2130706433/", false; "this machine as a number")]
    #[test_case("http://[::1]:9200", false; "this machine, version 6")]
    #[test_case("http://[::ffff:127.0.0.1]/", false; "this machine, mapped")]
    #[test_case("http://169.254.169.254/latest/meta-data/", false; "what a cloud tells a machine")]
    #[test_case("http://metadata.google.internal/", false; "the same by name")]
    #[test_case("http://0.0.0.0/", false; "any interface")]
    #[test_case("nothing", false; "no address")]
    fn by_default_the_outside_and_the_company_may_be_reached(url: &str, expected: bool) {
        assert_eq!(Targets::new(&["*".to_owned()]).check(url).is_ok(), expected);
    }

    #[test]
    fn a_host_that_is_named_may_be_reached_and_then_no_other() {
        let targets = Targets::new(&["localhost".to_owned()]);
        assert!(targets.check("http://localhost:8080").is_ok());
        assert!(targets.check("https://api.atlassian.com").is_err());
        assert!(Targets::new(&[]).check("https://api.atlassian.com").is_err());
    }

    #[tokio::test]
    async fn a_name_that_resolves_to_this_machine_is_not_connected_to() {
        let client = Targets::new(&["*".to_owned()]).client().unwrap();
        let error = client.get("http://localhost:1/").send().await.unwrap_err();
        assert!(http_kit::reasons(&error).contains("actions.allowed_hosts"), "{error:?}");
    }
}
