//! Which proxy of the environment a request takes, so that an error can name it.
//!
//! The HTTP client reads the same variables by itself; this one only tells what it will do, never with a password.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

/// `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, in capitals or small letters, as they were at the start.
pub struct Proxies(Matcher);

impl Proxies {
    /// As the environment is now.
    pub fn of_the_environment() -> Self {
        Self(Matcher::from_env())
    }

    /// Host and port of the proxy on the way to an address.
    pub fn before(&self, url: &Url) -> Option<String> {
        let taken = self.0.intercept(&url.as_str().parse().ok()?)?;
        let (host, port) = (taken.uri().host()?, taken.uri().port_u16());
        Some(port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Addresses of proxies may hold passwords.
        f.write_str("Proxies")
    }
}
