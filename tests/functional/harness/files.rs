//! Files to attach, made here so that a test can say what is in them: Word, Excel, PDF, and harmful ones.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        archive.start_file(*name, SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn package(main: &str, kind: &str, parts: &[(&str, &[u8])]) -> Vec<u8> {
    let office = "application/vnd.openxmlformats-officedocument";
    let types = format!(
        "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"><Default \
         Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default \
         Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/{main}\" ContentType=\"{office}.{kind}\"/>\
         </Types>"
    );
    let relations = format!(
        "<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"r1\" Type=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument\" \
         Target=\"{main}\"/></Relationships>"
    );
    let mut all: Vec<(&str, &[u8])> = vec![
        ("[Content_Types].xml", types.as_bytes()),
        ("_rels/.rels", relations.as_bytes()),
    ];
    all.extend_from_slice(parts);
    archive(&all)
}

/// A Word document with this paragraph.
pub(crate) fn docx(sentence: &str) -> Vec<u8> {
    let body = format!(
        "<?xml version=\"1.0\"?><w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>\
         <w:p><w:r><w:t>{sentence}</w:t></w:r></w:p></w:body></w:document>"
    );
    let kind = "wordprocessingml.document.main+xml";
    package("word/document.xml", kind, &[("word/document.xml", body.as_bytes())])
}

/// An Excel workbook with this text in a cell.
pub(crate) fn xlsx(sentence: &str) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let workbook = format!(
        "<?xml version=\"1.0\"?><workbook xmlns=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><sheets><sheet name=\"One\" sheetId=\"1\" \
         r:id=\"r1\"/></sheets></workbook>"
    );
    let relations = format!(
        "<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"r1\" Type=\"{RELATIONS}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
    );
    let sheet = format!(
        "<?xml version=\"1.0\"?><worksheet xmlns=\"{MAIN}\"><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>\
         {sentence}</t></is></c></row></sheetData></worksheet>"
    );
    package(
        "xl/workbook.xml",
        "spreadsheetml.sheet.main+xml",
        &[
            ("xl/workbook.xml", workbook.as_bytes()),
            ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ],
    )
}

/// A PowerPoint presentation with this text on a slide.
pub(crate) fn pptx(sentence: &str) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/presentationml/2006/main";
    const DRAWING: &str = "http://schemas.openxmlformats.org/drawingml/2006/main";
    const RELATIONS: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let presentation = format!(
        "<?xml version=\"1.0\"?><p:presentation xmlns:p=\"{MAIN}\" xmlns:r=\"{RELATIONS}\"><p:sldIdLst><p:sldId id=\"256\" \
         r:id=\"r1\"/></p:sldIdLst></p:presentation>"
    );
    let relations = format!(
        "<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">\
         <Relationship Id=\"r1\" Type=\"{RELATIONS}/slide\" Target=\"slides/slide1.xml\"/></Relationships>"
    );
    let slide = format!(
        "<?xml version=\"1.0\"?><p:sld xmlns:p=\"{MAIN}\" xmlns:a=\"{DRAWING}\"><p:cSld><p:spTree><p:sp><p:nvSpPr>\
         <p:cNvPr id=\"2\" name=\"T\"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>{sentence}\
         </a:t></a:r></a:p></p:txBody></p:sp></p:spTree></p:cSld></p:sld>"
    );
    package(
        "ppt/presentation.xml",
        "presentationml.presentation.main+xml",
        &[
            ("ppt/presentation.xml", presentation.as_bytes()),
            ("ppt/_rels/presentation.xml.rels", relations.as_bytes()),
            ("ppt/slides/slide1.xml", slide.as_bytes()),
        ],
    )
}

/// A PDF file whose pages all have this line.
pub(crate) fn pdf(sentence: &str, pages: usize) -> Vec<u8> {
    let line = format!("BT /F1 12 Tf 72 720 Td ({sentence}) Tj ET");
    let kids: Vec<String> = (0..pages).map(|page| format!("{} 0 R", page + 5)).collect();
    let mut objects = vec![
        "<< /Type /Catalog /Pages 2 0 R >>".to_owned(),
        format!(
            "<< /Type /Pages /Kids [{}] /Count {pages} /MediaBox [0 0 612 792] /Resources << /Font << /F1 3 0 R >> >> >>",
            kids.join(" ")
        ),
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>".to_owned(),
        format!("<< /Length {} >>\nstream\n{line}\nendstream", line.len()),
    ];
    objects.extend((0..pages).map(|_| "<< /Type /Page /Parent 2 0 R /Contents 4 0 R >>".to_owned()));
    let mut file = b"%PDF-1.4\n".to_vec();
    let mut offsets = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        offsets.push(file.len());
        file.extend(format!("{} 0 obj\n{object}\nendobj\n", index + 1).bytes());
    }
    let start = file.len();
    file.extend(format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1).bytes());
    for offset in offsets {
        file.extend(format!("{offset:010} 00000 n \n").bytes());
    }
    let trailer = format!(
        "trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{start}\n%%EOF\n",
        objects.len() + 1
    );
    file.extend(trailer.bytes());
    file
}

/// A small Word document whose text unfolds to so many megabytes.
pub(crate) fn word_bomb(megabytes: usize) -> Vec<u8> {
    docx(&"a".repeat(megabytes * 1024 * 1024))
}
