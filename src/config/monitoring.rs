//! Reads the address that serves metrics and health: `service.monitoring_address`, our own key.
//!
//! Serving them is left to `service`.

use std::net::{Ipv4Addr, SocketAddr};

use super::reader::Reader;

const KEY: &str = "service.monitoring_address";

/// None when the key is absent or empty: nothing is served then.
pub(super) fn read(reader: &mut Reader) -> Option<SocketAddr> {
    let (line, text) = reader.text(KEY)?;
    let address = parse(&text);
    if address.is_none() {
        let detail = format!(
            "\"{text}\" is no address; give a port for this machine alone (9400), or address:port (0.0.0.0:9400)"
        );
        reader.problem(line, KEY, detail);
    }
    address
}

/// A port alone means the loopback interface: to be reachable from outside has to be asked for.
pub(super) fn parse(text: &str) -> Option<SocketAddr> {
    let on_loopback = |port: u16| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    text.parse().ok().or_else(|| text.parse().map(on_loopback).ok())
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("9400", Some("127.0.0.1:9400"); "a port alone")]
    #[test_case("0.0.0.0:9400", Some("0.0.0.0:9400"); "every interface")]
    #[test_case("[::1]:9400", Some("[::1]:9400"); "version 6")]
    #[test_case(":9400", None; "which interface is left open")]
    #[test_case("localhost:9400", None; "a name")]
    #[test_case("99999", None; "no port")]
    fn addresses(text: &str, expected: Option<&str>) {
        assert_eq!(parse(text).map(|address| address.to_string()).as_deref(), expected);
    }
}
