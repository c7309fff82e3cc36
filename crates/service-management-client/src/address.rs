//! Where the alert API is: below a prefix on Atlassian's host, at the root on Opsgenie's, behind any path of a gateway.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

const ATLASSIAN: &str = "api.atlassian.com";
const PREFIX: &str = "jsm/ops/integration";
/// One segment of a path: everything but RFC 3986's unreserved characters is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'~');

/// The address of the alerts below `api_url`. `of_jsm` asks for the prefix also on other hosts, such as a gateway, unless
/// the path has it already.
pub fn alerts_address(api_url: &Url, of_jsm: bool) -> Url {
    let mut address = api_url.clone();
    address.set_query(None);
    address.set_fragment(None);
    let path = api_url.path().trim_end_matches('/').to_owned();
    let needs_prefix = of_jsm || api_url.host_str() == Some(ATLASSIAN);
    let prefix = if needs_prefix && !path.ends_with(PREFIX) {
        format!("/{PREFIX}")
    } else {
        String::new()
    };
    address.set_path(&format!("{path}{prefix}/v2/alerts"));
    address
}

/// A text as one segment. Dots are encoded too: `..` would lead elsewhere.
pub(crate) fn segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("https://api.atlassian.com", true, "https://api.atlassian.com/jsm/ops/integration/v2/alerts"; "service management")]
    #[test_case("https://api.atlassian.com/", false, "https://api.atlassian.com/jsm/ops/integration/v2/alerts"; "an Opsgenie connector that was moved")]
    #[test_case("https://api.atlassian.com/jsm/ops/integration", true, "https://api.atlassian.com/jsm/ops/integration/v2/alerts"; "with the prefix")]
    #[test_case("https://api.eu.opsgenie.com", false, "https://api.eu.opsgenie.com/v2/alerts"; "Opsgenie in the EU")]
    #[test_case("https://gw.example/opsgenie/", false, "https://gw.example/opsgenie/v2/alerts"; "a gateway")]
    fn the_path_of_the_address_is_kept(api_url: &str, of_jsm: bool, expected: &str) {
        assert_eq!(alerts_address(&Url::parse(api_url).unwrap(), of_jsm).as_str(), expected);
    }

    #[test_case("a/b", "a%2Fb")]
    #[test_case("a?b#c", "a%3Fb%23c")]
    #[test_case("a%2Fb", "a%252Fb")]
    #[test_case("ü b", "%C3%BC%20b")]
    #[test_case("..", "%2E%2E")]
    fn an_alias_is_one_segment(alias: &str, expected: &str) {
        assert_eq!(segment(alias), expected);
    }
}
