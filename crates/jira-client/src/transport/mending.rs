//! Mends JSON that no strict reader takes: lone surrogates, numbers out of range, nesting without end. One bad value in an
//! answer must not cost the answer.
//!
//! Nothing is closed or completed: an answer that was cut off stays one that was cut off.

use std::borrow::Cow;

/// Values nested deeper than this become text; the reader takes 128 levels, Elasticsearch 20.
const DEEPEST: usize = 64;

/// The same text in a form that a strict reader takes, as far as that is known.
pub(super) fn mend(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    let mut mender = Mender {
        text: text.as_bytes(),
        at: 0,
        mended: Vec::with_capacity(text.len() + 64),
    };
    mender.run();
    mender.mended
}

struct Mender<'t> {
    text: &'t [u8],
    at: usize,
    mended: Vec<u8>,
}

impl Mender<'_> {
    fn run(&mut self) {
        let mut depth = 0;
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'"' => self.string(),
                b'{' | b'[' if depth == DEEPEST => self.nested(),
                b'{' | b'[' => {
                    depth += 1;
                    self.copy(1);
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.copy(1);
                }
                b'-' | b'+' | b'.' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => self.word(),
                _ => self.copy(1),
            }
        }
    }

    fn copy(&mut self, bytes: usize) {
        let end = (self.at + bytes).min(self.text.len());
        self.mended.extend_from_slice(&self.text[self.at..end]);
        self.at = end;
    }

    /// A number, `true`, `false` or `null`. Numbers that no 64 bits hold become text.
    fn word(&mut self) {
        let rest = &self.text[self.at..];
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let length = rest.iter().take_while(|byte| is_part(byte)).count();
        let word = &rest[..length];
        let is_number =
            word.iter().any(u8::is_ascii_digit) && word.iter().all(|byte| b"0123456789+-.eE".contains(byte));
        let odd_number = is_number && serde_json::from_slice::<serde_json::Number>(word).is_err();
        if odd_number || matches!(word, b"NaN" | b"Infinity" | b"-Infinity" | b"+Infinity") {
            self.mended.push(b'"');
            self.copy(length);
            self.mended.push(b'"');
        } else {
            self.copy(length);
        }
    }

    /// A value that is nested too deep becomes its own text. One without an end is left as it is.
    fn nested(&mut self) {
        let rest = &self.text[self.at..];
        let Some(length) = value_length(rest) else {
            return self.copy(rest.len());
        };
        let value = String::from_utf8_lossy(&rest[..length]);
        let quoted = serde_json::Value::from(Cow::into_owned(value)).to_string();
        self.mended.extend_from_slice(quoted.as_bytes());
        self.at += length;
    }

    fn string(&mut self) {
        self.copy(1);
        while let Some(&byte) = self.text.get(self.at) {
            match byte {
                b'"' => return self.copy(1),
                b'\\' => self.escape(),
                0..0x20 => {
                    self.mended.extend_from_slice(format!("\\u{byte:04x}").as_bytes());
                    self.at += 1;
                }
                _ => self.copy(1),
            }
        }
    }

    fn escape(&mut self) {
        match self.text.get(self.at + 1) {
            Some(b'u') => self.unicode_escape(),
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') | None => self.copy(2),
            Some(_) => self.literal_backslash(),
        }
    }

    fn unicode_escape(&mut self) {
        let code = |at: usize| -> Option<u16> {
            let (mark, digits) = self.text.get(at..at + 6)?.split_at(2);
            let digits = std::str::from_utf8(digits).ok()?;
            let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            (mark == b"\\u" && is_hex)
                .then(|| u16::from_str_radix(digits, 16).ok())
                .flatten()
        };
        match code(self.at) {
            Some(0xD800..=0xDBFF) if matches!(code(self.at + 6), Some(0xDC00..=0xDFFF)) => self.copy(12),
            Some(0xD800..=0xDFFF) => {
                self.mended.extend_from_slice("\u{FFFD}".as_bytes());
                self.at += 6;
            }
            Some(_) => self.copy(6),
            None if self.at + 6 > self.text.len() => self.copy(6),
            None => self.literal_backslash(),
        }
    }

    /// A backslash that begins no escape is one of the text.
    fn literal_backslash(&mut self) {
        self.mended.push(b'\\');
        self.copy(1);
    }
}

/// Bytes of the object or list that `text` begins with; none when it does not end.
fn value_length(text: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Value {
        serde_json::from_slice(&mend(text.as_bytes())).unwrap()
    }

    #[test]
    fn a_lone_surrogate_becomes_the_replacement_character() {
        assert_eq!(read(r#""a\ud83d""#), json!("a\u{FFFD}"));
        assert_eq!(read(r#""\udc00\ud83dx""#), json!("\u{FFFD}\u{FFFD}x"));
        assert_eq!(read(r#""\ud83d\ud83d\ude00""#), json!("\u{FFFD}😀"));
        assert_eq!(read(r#"{"\ud83d": "\\ud83d"}"#), json!({ "\u{FFFD}": "\\ud83d" }));
    }

    #[test]
    fn numbers_out_of_range_become_text() {
        let digits = "9".repeat(401);
        assert_eq!(
            read(&format!("[{digits}, -1.5e3, 1e999]")),
            json!([digits, -1500.0, "1e999"])
        );
        assert_eq!(
            read("{\"a\": NaN, \"b\": -Infinity, \"c\": 007}"),
            json!({ "a": "NaN", "b": "-Infinity", "c": "007" })
        );
    }

    #[test]
    fn what_is_nested_too_deep_becomes_its_text() {
        let deep = format!("{}\"]\\\"\"{}", "[".repeat(300), "]".repeat(300));
        let mut value = &read(&format!("{{\"a\": {deep}, \"b\": 1}}"));
        assert_eq!(value["b"], 1);
        value = &value["a"];
        while let Some(inner) = value.get(0) {
            value = inner;
        }
        let text = value.as_str().unwrap();
        assert!(text.starts_with("[[") && text.ends_with("]]"), "{text}");
    }

    #[test]
    fn bytes_that_are_no_text_cost_no_value() {
        let mended = mend(b"{\"a\": \"x\xff\ty\\q\", \"b\": 1}");
        assert_eq!(
            serde_json::from_slice::<Value>(&mended).unwrap(),
            json!({ "a": "x\u{FFFD}\ty\\q", "b": 1 })
        );
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..5).prop_map(|members| json!(members)),
            ]
        })
    }

    proptest! {
        #[test]
        fn good_json_stays_what_it_is(value in value()) {
            let text = value.to_string();
            prop_assert_eq!(mend(text.as_bytes()), text.as_bytes());
        }

        #[test]
        fn an_answer_that_was_cut_off_is_never_completed(value in value(), share in 0.0..1.0_f64) {
            let text = json!({ "issues": [value] }).to_string();
            let cut = &text.as_bytes()[..(text.len() as f64 * share) as usize];
            prop_assert!(serde_json::from_slice::<Value>(&mend(cut)).is_err());
        }
    }
}
