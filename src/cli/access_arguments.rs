//! The options of the commands about document level security.

use std::time::Duration;

use clap::{Args, Subcommand};

/// An API key freezes what its user may see, so none is valid for longer.
const LONGEST: Duration = Duration::from_secs(24 * 3_600);

/// Commands about who may see what.
#[derive(Debug, Subcommand)]
pub enum AccessCommand {
    /// Show what a user of Jira may see, and which grant lets them
    Show(AccessShow),
    /// API keys limited to what one user may see
    #[command(subcommand)]
    Key(AccessKeyCommand),
}

/// Options of `access show`.
#[derive(Debug, Args)]
pub struct AccessShow {
    /// Account id, login, e-mail address or full name
    pub user: String,
    /// The connector; may be left out when config.yml names exactly one
    pub connector_id: Option<String>,
}

/// Commands about API keys of users.
#[derive(Debug, Subcommand)]
pub enum AccessKeyCommand {
    /// Make an Elasticsearch API key that finds what one user may see, and nothing else
    ///
    /// What it finds is frozen when it is made. When that changes, the next access control sync makes the key unusable.
    Create(AccessKeyCreate),
}

/// Options of `access key create`.
#[derive(Debug, Args)]
pub struct AccessKeyCreate {
    /// Account id (Cloud) or login of the user, as the index of identities has it
    #[arg(required_unless_present = "anonymous")]
    pub user: Option<String>,
    /// The connector; may be left out when config.yml names exactly one
    #[arg(long = "connector", value_name = "ID")]
    pub connector_id: Option<String>,
    /// For somebody who is not logged in: public documents only
    #[arg(long, conflicts_with = "user")]
    pub anonymous: bool,
    /// How long the key works: minutes or hours, at most 24h
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = expiry)]
    pub expires: Duration,
}

fn expiry(text: &str) -> Result<Duration, String> {
    let wrong = || "write minutes or hours, such as 30m or 8h; 24h is the limit".to_owned();
    let (digits, seconds) = match (text.strip_suffix('m'), text.strip_suffix('h')) {
        (Some(digits), _) => (digits, 60),
        (_, Some(digits)) => (digits, 3_600),
        _ => return Err(wrong()),
    };
    let count: u64 = digits.parse().map_err(|_| wrong())?;
    let expiry = Duration::from_secs(count.saturating_mul(seconds));
    if expiry.is_zero() || expiry > LONGEST {
        Err(wrong())
    } else {
        Ok(expiry)
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("1h", Some(3_600))]
    #[test_case("90m", Some(5_400))]
    #[test_case("24h", Some(86_400))]
    #[test_case("25h", None; "too long")]
    #[test_case("0m", None; "not at all")]
    #[test_case("1d", None; "another unit")]
    #[test_case("", None; "nothing")]
    fn expiries(text: &str, seconds: Option<u64>) {
        assert_eq!(expiry(text).ok().map(|expiry| expiry.as_secs()), seconds);
    }
}
