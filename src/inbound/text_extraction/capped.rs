//! Text that stops growing at a limit, so that a small file cannot unfold into a huge text.

use std::fmt;

/// Collects text up to a number of characters.
#[derive(Debug)]
pub struct CappedText {
    text: String,
    room: usize,
    truncated: bool,
}

impl CappedText {
    /// Room for so many characters.
    pub fn new(max_chars: usize) -> Self {
        Self {
            text: String::new(),
            room: max_chars,
            truncated: false,
        }
    }

    /// Adds as much of the text as there is room for; false once it is full.
    pub fn push(&mut self, text: &str) -> bool {
        if self.truncated {
            return false;
        }
        match text.char_indices().nth(self.room) {
            Some((end, _)) => {
                self.text.push_str(&text[..end]);
                self.truncated = true;
                false
            }
            None => {
                self.room -= text.chars().count();
                self.text.push_str(text);
                true
            }
        }
    }

    /// Begins a new line unless it is at the beginning of one.
    pub fn line_break(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.push("\n");
        }
    }

    /// Whether something was left out.
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }

    /// The text so far.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Write for CappedText {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if self.push(text) { Ok(()) } else { Err(fmt::Error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_exactly_as_many_characters_as_there_is_room_for() {
        let mut text = CappedText::new(4);
        assert!(text.push("äb"));
        assert!(text.push("cd"), "exactly full is not too much");
        assert!(!text.is_truncated());
        assert!(!text.push("é"));
        assert_eq!((text.as_str(), text.is_truncated()), ("äbcd", true));
    }
}
