//! Reads what the headers of any answer announce about limits, whether the request was let through or not.
//!
//! Waits that a refusal names are read in `named_wait`; headers that begin with `Beta-` are only informational.

use std::time::Duration;

use reqwest::header::HeaderMap;

/// Windows up to this length limit a rate; longer ones are quotas, which may be used up as fast as one likes.
const LONGEST_WINDOW: f64 = 60.0;

/// What an answer says about limits.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Announced {
    /// Requests at once, or within a window that is not named.
    pub limit: Option<u32>,
    /// Requests per second that are allowed for good.
    pub per_second: Option<f64>,
    /// Requests that may follow at once, besides that.
    pub burst: Option<u32>,
    /// Little or nothing is left.
    pub near_limit: bool,
    /// Nothing is left for so long.
    pub exhausted_for: Option<Duration>,
}

/// What headers announce. Jira Data Center names a bucket (`X-RateLimit-FillRate`, `-Interval-Seconds`), the structured headers name policies and
/// what is left of them, Jira Cloud's always-on headers only how much is left.
pub fn announced(headers: &HeaderMap) -> Announced {
    let number = |name: &str| text(headers, name)?.parse::<f64>().ok().filter(|n| n.is_finite());
    let (limit, remaining) = (number("x-ratelimit-limit"), number("x-ratelimit-remaining"));
    let bucket = match (number("x-ratelimit-fillrate"), number("x-ratelimit-interval-seconds")) {
        (Some(fill), interval) if fill > 0.0 => Some(fill / interval.filter(|s| *s > 0.0).unwrap_or(1.0)),
        _ => None,
    };
    let policy = structured(headers, "ratelimit-policy")
        .into_iter()
        .filter_map(|item| Some((item.get("q")?, item.get("w")?)))
        .filter(|(quota, window)| *quota > 0.0 && (0.001..=LONGEST_WINDOW).contains(window))
        .map(|(quota, window)| quota / window)
        .min_by(f64::total_cmp);
    let exhausted_for = structured(headers, "ratelimit")
        .into_iter()
        .filter(|item| item.get("r") == Some(0.0))
        .filter_map(|item| item.get("t"))
        .filter(|seconds| *seconds > 0.0)
        .max_by(f64::total_cmp)
        .map(|seconds| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    let little_left = match (limit, remaining) {
        (Some(limit), Some(remaining)) => limit > 0.0 && remaining * 5.0 < limit,
        _ => false,
    };
    let near_limit =
        little_left || text(headers, "x-ratelimit-nearlimit").is_some_and(|v| v.eq_ignore_ascii_case("true"));
    Announced {
        limit: limit.map(|limit| limit.clamp(0.0, f64::from(u32::MAX)) as u32),
        per_second: bucket.or(policy),
        burst: bucket
            .and(remaining)
            .map(|remaining| remaining.clamp(0.0, 10_000.0) as u32),
        near_limit,
        exhausted_for,
    }
}

/// One entry of a structured header: `"name";q=100;w=60`.
struct Item(Vec<(String, f64)>);

impl Item {
    fn get(&self, key: &str) -> Option<f64> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
    }
}

fn structured(headers: &HeaderMap, name: &str) -> Vec<Item> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(split_outside_quotes)
        .map(|item| item_of(&item))
        .collect()
}

fn split_outside_quotes(value: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut quoted = false;
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => {
                items.push(String::new());
                continue;
            }
            // A name may hold anything, and nothing depends on it.
            _ if quoted => continue,
            _ => {}
        }
        if let Some(item) = items.last_mut() {
            item.push(c);
        }
    }
    items
}

fn item_of(item: &str) -> Item {
    let parameters = item.split(';').skip(1).filter_map(|parameter| {
        let (key, value) = parameter.split_once('=')?;
        let value = value.trim().parse::<f64>().ok().filter(|n| n.is_finite())?;
        Some((key.trim().to_ascii_lowercase(), value))
    });
    Item(parameters.collect())
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

    use super::{Announced, announced};

    fn read(headers: &[(&'static str, &str)]) -> Announced {
        let pairs = headers.iter().map(|(name, value)| {
            let value = HeaderValue::from_str(value).unwrap();
            (HeaderName::from_static(name), value)
        });
        announced(&pairs.collect::<HeaderMap>())
    }

    #[test]
    fn a_bucket_of_data_center() {
        let found = read(&[
            ("x-ratelimit-limit", "70"),
            ("x-ratelimit-remaining", "68"),
            ("x-ratelimit-fillrate", "10"),
            ("x-ratelimit-interval-seconds", "2"),
            ("retry-after", "0"),
        ]);
        assert_eq!(
            (found.per_second, found.burst, found.near_limit),
            (Some(5.0), Some(68), false)
        );
    }

    #[test]
    fn a_blocked_user_of_data_center_teaches_no_rate() {
        let found = read(&[
            ("x-ratelimit-limit", "0"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-fillrate", "0"),
            ("x-ratelimit-interval-seconds", "0"),
        ]);
        assert_eq!(found.per_second, None);
    }

    #[test]
    fn policies_with_short_windows_are_rates_and_long_ones_quotas() {
        let found = read(&[
            (
                "ratelimit-policy",
                r#""hour, of points";q=65000;w=3600, "burst;x=1";q=300;w=60"#,
            ),
            ("ratelimit", r#""hour";r=0;t=12,"burst";r=5;t=40"#),
        ]);
        assert_eq!(found.per_second, Some(5.0));
        assert_eq!(found.exhausted_for, Some(Duration::from_secs(12)));
    }

    #[test]
    fn cloud_s_always_on_headers_say_how_much_is_left() {
        assert!(!read(&[("x-ratelimit-limit", "350"), ("x-ratelimit-remaining", "348")]).near_limit);
        assert!(read(&[("x-ratelimit-limit", "350"), ("x-ratelimit-remaining", "12")]).near_limit);
        assert!(read(&[("x-ratelimit-nearlimit", "True")]).near_limit);
    }

    #[test]
    fn informational_and_odd_headers_are_passed_over() {
        let odd = [
            ("beta-ratelimit", r#""x";r=0;t=1800"#),
            ("beta-ratelimit-policy", r#""x";q=1;w=1"#),
            ("ratelimit", "\"unclosed;r=0;t=9"),
            ("ratelimit-policy", ";;q=;w=a,,"),
            ("x-ratelimit-fillrate", "NaN"),
            ("x-ratelimit-remaining", "many"),
        ];
        assert_eq!(read(&odd), Announced::default());
    }
}
