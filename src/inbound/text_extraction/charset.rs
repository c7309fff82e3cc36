//! Bytes of a text file to text, whatever its encoding.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// Bytes of a text that are looked at to guess its encoding.
const LOOKED_AT: usize = 64 * 1024;

/// Decodes a text: by its byte order mark, as UTF-8 when it is that, else by what it looks like.
pub(super) fn decode(content: &[u8]) -> String {
    let encoding = Encoding::for_bom(content).map(|(encoding, _)| encoding);
    let encoding = encoding.or_else(|| utf16_without_mark(content));
    let encoding = encoding.unwrap_or_else(|| match std::str::from_utf8(content) {
        Ok(_) => UTF_8,
        Err(_) => guess(content),
    });
    encoding.decode(content).0.into_owned()
}

/// Decodes by the name of an encoding, as web pages and mails state it.
pub(super) fn decode_as(label: &str, content: &[u8]) -> Option<String> {
    let encoding = Encoding::for_label(label.trim().as_bytes())?;
    Some(encoding.decode(content).0.into_owned())
}

/// Whether this is no text in any encoding: texts have no zero bytes, except in UTF-16 where every other one may be.
pub(super) fn is_binary(content: &[u8]) -> bool {
    let start = &content[..content.len().min(8192)];
    let zeros = start.iter().filter(|byte| **byte == 0).count();
    zeros > 0 && Encoding::for_bom(content).is_none() && utf16_without_mark(content).is_none()
}

fn guess(content: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    let start = &content[..content.len().min(LOOKED_AT)];
    detector.feed(start, start.len() == content.len());
    detector.guess(None, Utf8Detection::Allow)
}

/// Western text in UTF-16 has a zero in nearly every other place.
fn utf16_without_mark(content: &[u8]) -> Option<&'static Encoding> {
    let start = &content[..content.len().min(1024) / 2 * 2];
    if start.len() < 8 {
        return None;
    }
    let zeros_at = |offset: usize| start.iter().skip(offset).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd, half) = (zeros_at(0), zeros_at(1), start.len() / 2);
    if odd * 10 > half * 7 && even * 10 < half {
        Some(UTF_16LE)
    } else if even * 10 > half * 7 && odd * 10 < half {
        Some(UTF_16BE)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(b"plain" => "plain")]
    #[test_case("grün".as_bytes() => "grün"; "utf 8")]
    #[test_case(b"\xef\xbb\xbfgr\xc3\xbcn" => "grün"; "with a mark")]
    #[test_case(b"\xff\xfeg\0r\0" => "gr"; "utf 16 with a mark")]
    #[test_case(b"g\0r\0u\0e\0n\0 \0a\0b\0" => "gruen ab"; "utf 16 without a mark")]
    #[test_case(b"Das ist gr\xfcn und sch\xf6n, wie \xfcberall" => "Das ist grün und schön, wie überall"; "latin 1")]
    fn decoded(content: &[u8]) -> String {
        decode(content)
    }

    #[test]
    fn a_program_is_no_text() {
        assert!(is_binary(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0"));
        assert!(!is_binary(b"text"));
        assert!(!is_binary(b"g\0r\0u\0e\0n\0 \0a\0b\0"));
    }
}
