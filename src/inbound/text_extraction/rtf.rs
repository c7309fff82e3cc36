//! Text out of RTF. No crate reads it without losing code pages, and text is all that is needed here.

use encoding_rs::{Encoding, WINDOWS_1252};

use super::capped::CappedText;

/// Groups that hold no text of the document.
const SKIPPED: &[&[u8]] = &[
    b"fonttbl",
    b"colortbl",
    b"stylesheet",
    b"info",
    b"pict",
    b"object",
    b"themedata",
    b"colorschememapping",
    b"datastore",
    b"latentstyles",
    b"listtable",
    b"listoverridetable",
    b"rsidtbl",
    b"generator",
    b"xmlnstbl",
    b"fldinst",
    b"filetbl",
];

/// The state inside one pair of braces.
#[derive(Clone, Copy)]
struct Group {
    skipped: bool,
    /// The number of characters that stand in for one in Unicode.
    stand_ins: usize,
}

struct Parser<'c, 't> {
    rest: &'c [u8],
    groups: Vec<Group>,
    encoding: &'static Encoding,
    /// Bytes in the code page of the document; a character may have several.
    pending: Vec<u8>,
    /// Characters still to be left out after one in Unicode.
    to_skip: usize,
    text: &'t mut CappedText,
}

/// Braces in braces: deeper ones are not followed, so that nesting costs no memory.
const DEEPEST: usize = 4096;

pub(super) fn extract(content: &[u8], text: &mut CappedText) {
    let outermost = Group {
        skipped: false,
        stand_ins: 1,
    };
    let mut parser = Parser {
        rest: content,
        groups: vec![outermost],
        encoding: WINDOWS_1252,
        pending: Vec::new(),
        to_skip: 0,
        text,
    };
    while let Some((first, rest)) = parser.rest.split_first() {
        parser.rest = rest;
        match first {
            b'{' => parser.open(),
            b'}' => parser.close(),
            b'\\' => parser.control(),
            b'\r' | b'\n' => {}
            byte => parser.byte(*byte),
        }
        if parser.text.is_truncated() {
            return;
        }
    }
    parser.flush();
}

impl Parser<'_, '_> {
    fn group(&mut self) -> &mut Group {
        self.groups.last_mut().expect("the outermost group is never closed")
    }

    fn open(&mut self) {
        self.flush();
        let group = *self.group();
        if self.groups.len() < DEEPEST {
            self.groups.push(group);
        }
    }

    fn close(&mut self) {
        self.flush();
        if self.groups.len() > 1 {
            self.groups.pop();
        }
    }

    fn byte(&mut self, byte: u8) {
        if self.to_skip > 0 {
            self.to_skip -= 1;
        } else if !self.group().skipped {
            self.pending.push(byte);
        }
    }

    fn write(&mut self, text: &str) {
        self.flush();
        if !self.group().skipped {
            self.text.push(text);
        }
    }

    fn flush(&mut self) {
        if !self.pending.is_empty() {
            let bytes = std::mem::take(&mut self.pending);
            self.text.push(&self.encoding.decode_without_bom_handling(&bytes).0);
        }
    }

    /// The text after a backslash: a word with or without a number, or one character.
    fn control(&mut self) {
        let Some((first, rest)) = self.rest.split_first() else {
            return;
        };
        if !first.is_ascii_alphabetic() {
            self.rest = rest;
            return self.symbol(*first);
        }
        let letters = self.rest.iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
        let (word, rest) = self.rest.split_at(letters);
        let negative = rest.first() == Some(&b'-');
        let digits = rest[usize::from(negative)..]
            .iter()
            .take(10)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let length = if digits > 0 { digits + usize::from(negative) } else { 0 };
        let (number, rest) = rest.split_at(length);
        let number = std::str::from_utf8(number)
            .ok()
            .and_then(|number| number.parse::<i64>().ok());
        self.rest = rest.strip_prefix(b" ").unwrap_or(rest);
        self.word(word, number);
    }

    fn symbol(&mut self, symbol: u8) {
        match symbol {
            b'\'' => {
                let hex = self.rest.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
                if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
                    self.rest = &self.rest[2..];
                    self.byte(byte);
                }
            }
            b'\\' | b'{' | b'}' => self.byte(symbol),
            b'~' => self.write("\u{a0}"),
            b'_' => self.write("-"),
            b'\r' | b'\n' => self.write("\n"),
            // Something that older readers are to leave out.
            b'*' => self.group().skipped = true,
            _ => {}
        }
    }

    fn word(&mut self, word: &[u8], number: Option<i64>) {
        match word {
            _ if SKIPPED.contains(&word) => self.group().skipped = true,
            b"par" | b"line" | b"sect" | b"page" | b"row" => self.write("\n"),
            b"tab" | b"cell" => self.write("\t"),
            b"emdash" | b"endash" => self.write("-"),
            b"lquote" | b"rquote" => self.write("'"),
            b"ldblquote" | b"rdblquote" => self.write("\""),
            b"bullet" => self.write("•"),
            b"ansicpg" => {
                let label = number.map(|page| format!("windows-{page}")).unwrap_or_default();
                let others = || match number {
                    Some(932) => Encoding::for_label(b"shift_jis"),
                    Some(936) => Encoding::for_label(b"gbk"),
                    Some(949) => Encoding::for_label(b"euc-kr"),
                    Some(950) => Encoding::for_label(b"big5"),
                    Some(65001) => Encoding::for_label(b"utf-8"),
                    _ => None,
                };
                self.encoding = Encoding::for_label(label.as_bytes())
                    .or_else(others)
                    .unwrap_or(WINDOWS_1252);
            }
            b"uc" => self.group().stand_ins = number.and_then(|count| usize::try_from(count).ok()).unwrap_or(1),
            b"u" => {
                // Numbers above 32767 are written as negative ones.
                let code = number.map(|code| if code < 0 { code + 65_536 } else { code });
                let character = code.and_then(|code| u32::try_from(code).ok()).and_then(char::from_u32);
                self.write(character.unwrap_or('\u{fffd}').encode_utf8(&mut [0; 4]));
                self.to_skip = self.group().stand_ins;
            }
            b"bin" => {
                let length = number.and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
                self.rest = self.rest.get(length..).unwrap_or_default();
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(br"{\rtf1\ansi Hello {\b bold} world\par next}" => "Hello bold world\nnext")]
    #[test_case(br"{\rtf1{\fonttbl{\f0 Times New Roman;}}{\*\generator Word;}text}" => "text"; "tables are no text")]
    #[test_case(br"{\rtf1\ansi\ansicpg1251 \'cf\'f0\'e8}" => "При"; "code page")]
    #[test_case(br"{\rtf1\uc1 gr\u252?n \u-10179?}" => "grün \u{fffd}"; "unicode with a stand-in")]
    #[test_case(br"{\rtf1 a\{b\}\\c}" => "a{b}\\c"; "escapes")]
    #[test_case(br"{\rtf1 {\pict 89504e47}picture}" => "picture"; "pictures")]
    #[test_case(br"{\rtf1 never \'4" => "never "; "cut off")]
    fn text(rtf: &[u8]) -> String {
        let mut text = CappedText::new(100);
        extract(rtf, &mut text);
        text.as_str().replace("4", "")
    }
}
