//! Text into numbers, durations, sizes and switches, accepting what the Python service accepts and units on top.
//!
//! Pure: it knows neither keys nor lines, only what a value of a kind may look like.

use std::time::Duration;

/// A duration written as a number of seconds, or with a unit: `30`, `0.5`, `30s`, `5m`, `1h`, `500ms`.
pub(super) fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = split_unit(text)?;
    let seconds = match unit.as_str() {
        "" | "s" | "sec" | "second" | "seconds" => number,
        "ms" => number / 1_000.0,
        "m" | "min" | "minute" | "minutes" => number * 60.0,
        "h" | "hour" | "hours" => number * 3_600.0,
        "d" | "day" | "days" => number * 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(seconds).ok()
}

/// The size of one unit of a number without a unit.
#[derive(Debug, Clone, Copy)]
pub(super) enum SizeUnit {
    Bytes,
    Mebibytes,
}

/// A size in bytes; a bare number counts in `bare`. KB and KiB both mean 1024 bytes, as they do in Elasticsearch.
pub(super) fn size(text: &str, bare: SizeUnit) -> Option<u64> {
    let (number, unit) = split_unit(text)?;
    let factor = match (unit.as_str(), bare) {
        ("", SizeUnit::Bytes) | ("b" | "byte" | "bytes", _) => 1.0,
        ("k" | "kb" | "kib", _) => 1024.0,
        ("", SizeUnit::Mebibytes) | ("m" | "mb" | "mib", _) => 1024.0 * 1024.0,
        ("g" | "gb" | "gib", _) => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    whole(number * factor)
}

/// A whole number; `5.0` and `1e3` are whole too.
pub(super) fn integer(text: &str) -> Option<u64> {
    let text = text.trim().replace('_', "");
    text.parse().ok().or_else(|| whole(decimal(&text)?))
}

/// A finite number.
pub(super) fn decimal(text: &str) -> Option<f64> {
    let text = text.trim().replace('_', "");
    text.parse::<f64>().ok().filter(|number| number.is_finite())
}

/// A switch, in the spellings of YAML 1.1 that the Python service takes, quoted or not.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn split_unit(text: &str) -> Option<(f64, String)> {
    let text = text.trim();
    // `e` is left to the number only where a digit follows: `1e3`.
    if let Some(number) = decimal(text) {
        return (number >= 0.0).then_some((number, String::new()));
    }
    let unit_start = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(unit_start);
    let number = decimal(number)?;
    (number >= 0.0).then(|| (number, unit.to_ascii_lowercase()))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the range is checked just before"
)]
fn whole(number: f64) -> Option<u64> {
    // 2^53: above it a float no longer holds every whole number.
    const LARGEST_EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && (0.0..=LARGEST_EXACT).contains(&number)).then_some(number as u64)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use test_case::test_case;

    use super::{SizeUnit, boolean, duration, integer, size};

    #[test_case("30", Some(30_000))]
    #[test_case("0.5", Some(500))]
    #[test_case("30s", Some(30_000))]
    #[test_case("5m", Some(300_000))]
    #[test_case("1.5 h", Some(5_400_000))]
    #[test_case("250ms", Some(250))]
    #[test_case("1e3", Some(1_000_000))]
    #[test_case("-1", None)]
    #[test_case("nan", None)]
    #[test_case("inf", None)]
    #[test_case("5 weeks", None)]
    #[test_case("", None)]
    #[test_case("s", None)]
    fn durations(text: &str, milliseconds: Option<u64>) {
        assert_eq!(duration(text), milliseconds.map(Duration::from_millis));
    }

    #[test_case("5", SizeUnit::Mebibytes, Some(5 * 1024 * 1024))]
    #[test_case("0.5", SizeUnit::Mebibytes, Some(512 * 1024))]
    #[test_case("10485760", SizeUnit::Bytes, Some(10_485_760))]
    #[test_case("10MiB", SizeUnit::Bytes, Some(10_485_760))]
    #[test_case("10 mb", SizeUnit::Bytes, Some(10_485_760))]
    #[test_case("2GB", SizeUnit::Mebibytes, Some(2_147_483_648))]
    #[test_case("100 bytes", SizeUnit::Mebibytes, Some(100))]
    #[test_case("0.3", SizeUnit::Bytes, None)]
    #[test_case("-5", SizeUnit::Bytes, None)]
    #[test_case("5 parsecs", SizeUnit::Bytes, None)]
    fn sizes(text: &str, bare: SizeUnit, bytes: Option<u64>) {
        assert_eq!(size(text, bare), bytes);
    }

    #[test_case("1_000", Some(1000))]
    #[test_case("5.0", Some(5))]
    #[test_case("1e3", Some(1000))]
    #[test_case("18446744073709551615", Some(u64::MAX))]
    #[test_case("5.5", None)]
    #[test_case("-5", None)]
    #[test_case("five", None)]
    fn integers(text: &str, expected: Option<u64>) {
        assert_eq!(integer(text), expected);
    }

    #[test_case("true", Some(true))]
    #[test_case("Yes", Some(true))]
    #[test_case("OFF", Some(false))]
    #[test_case("0", Some(false))]
    #[test_case("ja", None)]
    #[test_case("", None)]
    fn booleans(text: &str, expected: Option<bool>) {
        assert_eq!(boolean(text), expected);
    }
}
