//! Text out of e-mails: who, when, about what, the text, messages and texts that are attached, and names of other files.

use mail_parser::{Address, Message, MessageParser, MimeHeaders, PartType};

use super::capped::CappedText;
use super::extract_error::ExtractError;

/// A message that was forwarded over and over holds all earlier ones.
const DEEPEST: usize = 20;

pub(super) fn extract(content: &[u8], text: &mut CappedText) -> Result<(), ExtractError> {
    let message = MessageParser::default()
        .parse(content)
        .ok_or_else(|| ExtractError::Broken("it has no header of an e-mail".into()))?;
    write(&message, text, 0);
    Ok(())
}

fn write(message: &Message<'_>, text: &mut CappedText, depth: usize) {
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            text.push(&format!("{name}: {value}\n"));
        }
    };
    line("Subject", message.subject().unwrap_or_default());
    line("From", &people(message.from()));
    line("To", &people(message.to()));
    line("Cc", &people(message.cc()));
    line("Date", &message.date().map(ToString::to_string).unwrap_or_default());
    for position in 0..message.text_body_count() {
        text.line_break();
        text.push(&message.body_text(position).unwrap_or_default());
    }
    for attached in message.attachments() {
        text.line_break();
        text.push(attached.attachment_name().unwrap_or_default());
        text.line_break();
        match &attached.body {
            PartType::Message(forwarded) if depth < DEEPEST => write(forwarded, text, depth + 1),
            PartType::Text(content) => {
                text.push(content);
            }
            _ => {}
        }
    }
}

fn people(address: Option<&Address<'_>>) -> String {
    let Some(address) = address else {
        return String::new();
    };
    let all: Vec<String> = address
        .iter()
        .map(|person| match (person.name(), person.address()) {
            (Some(name), Some(address)) => format!("{name} <{address}>"),
            (name, address) => name.or(address).unwrap_or_default().to_owned(),
        })
        .collect();
    all.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_and_every_encoding_of_the_body_are_read() {
        let mail = "From: =?utf-8?Q?J=C3=BCrgen?= <j@example.com>\r\nTo: a@example.com\r\nSubject: Outage\r\n\
                    Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\
                    Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>The pump =C3=A4ches</p>\r\n--x\r\n\
                    Content-Type: application/pdf; name=plan.pdf\r\nContent-Disposition: attachment; filename=plan.pdf\r\n\
                    Content-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--x--\r\n";
        let mut text = CappedText::new(1000);
        extract(mail.as_bytes(), &mut text).unwrap();
        for words in [
            "Subject: Outage",
            "Jürgen <j@example.com>",
            "The pump äches",
            "plan.pdf",
        ] {
            assert!(text.as_str().contains(words), "no {words} in {}", text.as_str());
        }
    }

    #[test]
    fn forwarded_messages_and_attached_texts_are_read() {
        let mail = "Subject: Fwd\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\n\
                    From: b@example.com\r\nSubject: Leak\r\n\r\nwater under the boiler\r\n--x\r\nContent-Type: text/plain; \
                    name=log.txt\r\nContent-Disposition: attachment; filename=log.txt\r\n\r\npressure dropped\r\n--x--\r\n";
        let mut text = CappedText::new(1000);
        extract(mail.as_bytes(), &mut text).unwrap();
        for words in [
            "Subject: Leak",
            "b@example.com",
            "water under the boiler",
            "log.txt",
            "pressure dropped",
        ] {
            assert!(text.as_str().contains(words), "no {words} in {}", text.as_str());
        }
    }
}
