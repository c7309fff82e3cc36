//! PDF and RTF files around given paragraphs, as a printer driver and a word processor would write them at the least.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

const LINES_A_PAGE: usize = 50;
const LETTERS_A_LINE: usize = 90;

/// A PDF document with compressed pages. Letters outside ASCII are left out: its font has no others.
pub(super) fn pdf(paragraphs: &[&str]) -> anyhow::Result<Vec<u8>> {
    let letters = |text: &&str| -> Vec<char> { text.chars().filter(|c| (' '..='~').contains(c)).collect() };
    let lines: Vec<String> = paragraphs
        .iter()
        .flat_map(|text| {
            let letters = letters(text);
            let lines = letters.chunks(LETTERS_A_LINE).map(|line| line.iter().collect());
            lines.collect::<Vec<String>>()
        })
        .collect();
    let pages: Vec<&[String]> = lines.chunks(LINES_A_PAGE).collect();
    let kids: Vec<String> = (0..pages.len()).map(|page| format!("{} 0 R", 4 + page * 2)).collect();
    let mut objects: Vec<Vec<u8>> = vec![
        b"<< /Type /Catalog /Pages 2 0 R >>".to_vec(),
        format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), pages.len()).into_bytes(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_vec(),
    ];
    for (number, page) in pages.iter().enumerate() {
        let content = 5 + number * 2;
        objects.push(
            format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {content} 0 R /Resources << /Font << /F1 3 \
                 0 R >> >> >>"
            )
            .into_bytes(),
        );
        objects.push(stream(page)?);
    }
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        writeln!(file, "{} 0 obj", index + 1)?;
        file.extend_from_slice(object);
        file.extend_from_slice(b"\nendobj\n");
    }
    let (start, count) = (file.len(), objects.len() + 1);
    write!(file, "xref\n0 {count}\n0000000000 65535 f \n")?;
    for offset in offsets {
        writeln!(file, "{offset:010} 00000 n ")?;
    }
    write!(
        file,
        "trailer\n<< /Size {count} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n"
    )?;
    Ok(file)
}

fn stream(lines: &[String]) -> anyhow::Result<Vec<u8>> {
    let mut text = String::from("BT /F1 10 Tf 14 TL 54 740 Td\n");
    for line in lines {
        let line = line.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
        text += &format!("({line}) Tj T*\n");
    }
    text += "ET";
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(text.as_bytes())?;
    let packed = packed.finish()?;
    let mut object = format!("<< /Length {} /Filter /FlateDecode >>\nstream\n", packed.len()).into_bytes();
    object.extend_from_slice(&packed);
    object.extend_from_slice(b"\nendstream");
    Ok(object)
}

/// An RTF document.
pub(super) fn rtf(paragraphs: &[&str]) -> anyhow::Result<Vec<u8>> {
    let mut text = String::from("{\\rtf1\\ansi\\ansicpg1252\\uc1{\\fonttbl{\\f0 Times New Roman;}}\\f0\n");
    for paragraph in paragraphs {
        for c in paragraph.chars().filter(|c| !c.is_control()) {
            match c {
                '\\' | '{' | '}' => text.extend(['\\', c]),
                ' '..='~' => text.push(c),
                _ => {
                    let mut units = [0; 2];
                    for unit in c.encode_utf16(&mut units) {
                        text += &format!("\\u{}?", unit.cast_signed());
                    }
                }
            }
        }
        text += "\\par\n";
    }
    text.push('}');
    Ok(text.into_bytes())
}
