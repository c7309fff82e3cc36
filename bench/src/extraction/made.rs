//! Office and OpenDocument files around given paragraphs: as much of each format as its readers insist on.

use std::io::{Cursor, Write as _};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
const DOCUMENT: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const OFFICE: &str = "application/vnd.openxmlformats-officedocument";
const OPEN: &str = "urn:oasis:names:tc:opendocument:xmlns";
const LAYOUT: &str = "ppt/slideLayouts/slideLayout1.xml";
const MASTER: &str = "ppt/slideMasters/slideMaster1.xml";
const PARAGRAPHS_A_SLIDE: usize = 12;
const CELLS_A_ROW: usize = 4;

/// A Word document.
pub(super) fn docx(paragraphs: &[&str]) -> anyhow::Result<Vec<u8>> {
    let body: String = paragraphs
        .iter()
        .map(|text| {
            format!(
                "<w:p><w:r><w:t xml:space=\"preserve\">{}</w:t></w:r></w:p>",
                escaped(text)
            )
        })
        .collect();
    let main = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";
    let document = format!("{HEAD}<w:document xmlns:w=\"{main}\"><w:body>{body}</w:body></w:document>");
    package(
        "word/document.xml",
        "wordprocessingml.document.main+xml",
        &[],
        vec![("word/document.xml".into(), document)],
    )
}

/// An Excel workbook with a paragraph in each cell, as shared strings, which Excel writes.
pub(super) fn xlsx(paragraphs: &[&str]) -> anyhow::Result<Vec<u8>> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let strings: String = paragraphs
        .iter()
        .map(|text| format!("<si><t xml:space=\"preserve\">{}</t></si>", escaped(text)))
        .collect();
    let count = paragraphs.len();
    let rows: String = (0..count.div_ceil(CELLS_A_ROW))
        .map(|row| {
            let cells = (row * CELLS_A_ROW..count.min((row + 1) * CELLS_A_ROW)).map(|index| {
                let column = char::from(b'A' + (index % CELLS_A_ROW) as u8);
                format!("<c r=\"{column}{}\" t=\"s\"><v>{index}</v></c>", row + 1)
            });
            format!("<row r=\"{}\">{}</row>", row + 1, cells.collect::<String>())
        })
        .collect();
    let workbook = format!(
        "{HEAD}<workbook xmlns=\"{main}\" xmlns:r=\"{DOCUMENT}\"><sheets><sheet name=\"Sheet\" sheetId=\"1\" \
         r:id=\"r1\"/></sheets></workbook>"
    );
    let relations = relations(&[
        ("worksheet", "worksheets/sheet1.xml"),
        ("sharedStrings", "sharedStrings.xml"),
    ]);
    package(
        "xl/workbook.xml",
        "spreadsheetml.sheet.main+xml",
        &[
            ("xl/worksheets/sheet1.xml", "spreadsheetml.worksheet+xml"),
            ("xl/sharedStrings.xml", "spreadsheetml.sharedStrings+xml"),
        ],
        vec![
            ("xl/workbook.xml".into(), workbook),
            ("xl/_rels/workbook.xml.rels".into(), relations),
            (
                "xl/worksheets/sheet1.xml".into(),
                format!("{HEAD}<worksheet xmlns=\"{main}\"><sheetData>{rows}</sheetData></worksheet>"),
            ),
            (
                "xl/sharedStrings.xml".into(),
                format!("{HEAD}<sst xmlns=\"{main}\" count=\"{count}\" uniqueCount=\"{count}\">{strings}</sst>"),
            ),
        ],
    )
}

/// A PowerPoint presentation.
pub(super) fn pptx(paragraphs: &[&str]) -> anyhow::Result<Vec<u8>> {
    let main = "http://schemas.openxmlformats.org/presentationml/2006/main";
    let drawing = "http://schemas.openxmlformats.org/drawingml/2006/main";
    let (mut parts, mut kinds, mut targets) = (Vec::new(), Vec::new(), Vec::new());
    for (number, some) in paragraphs.chunks(PARAGRAPHS_A_SLIDE).enumerate() {
        let text: String = some
            .iter()
            .map(|text| format!("<a:p><a:r><a:t>{}</a:t></a:r></a:p>", escaped(text)))
            .collect();
        let slide = format!(
            "{HEAD}<p:sld xmlns:p=\"{main}\" xmlns:a=\"{drawing}\"><p:cSld><p:spTree><p:nvGrpSpPr><p:cNvPr id=\"1\" \
             name=\"\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/><p:sp><p:nvSpPr><p:cNvPr id=\"2\" \
             name=\"Text\"/><p:cNvSpPr/><p:nvPr/></p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/>{text}</p:txBody></p:sp>\
             </p:spTree></p:cSld></p:sld>"
        );
        let name = format!("slides/slide{}.xml", number + 1);
        parts.push((format!("ppt/{name}"), slide));
        parts.push((
            format!("ppt/slides/_rels/slide{}.xml.rels", number + 1),
            relations(&[("slideLayout", "../slideLayouts/slideLayout1.xml")]),
        ));
        kinds.push(format!("ppt/{name}"));
        targets.push(name);
    }
    let ids: String = (1..=targets.len())
        .map(|number| format!("<p:sldId id=\"{}\" r:id=\"r{number}\"/>", 255 + number))
        .collect();
    parts.extend(layout_and_master());
    parts.push((
        "ppt/presentation.xml".into(),
        format!(
            "{HEAD}<p:presentation xmlns:p=\"{main}\" xmlns:r=\"{DOCUMENT}\"><p:sldIdLst>{ids}</p:sldIdLst>\
             </p:presentation>"
        ),
    ));
    let targets: Vec<(&str, &str)> = targets.iter().map(|name| ("slide", name.as_str())).collect();
    parts.push(("ppt/_rels/presentation.xml.rels".into(), relations(&targets)));
    let mut kinds: Vec<(&str, &str)> = kinds
        .iter()
        .map(|name| (name.as_str(), "presentationml.slide+xml"))
        .collect();
    kinds.extend([
        (LAYOUT, "presentationml.slideLayout+xml"),
        (MASTER, "presentationml.slideMaster+xml"),
    ]);
    package(
        "ppt/presentation.xml",
        "presentationml.presentation.main+xml",
        &kinds,
        parts,
    )
}

/// What every slide hangs on; readers refuse one without.
fn layout_and_master() -> [(String, String); 4] {
    let part = |name: &str| {
        format!(
            "{HEAD}<p:{name} xmlns:p=\"http://schemas.openxmlformats.org/presentationml/2006/main\"><p:cSld><p:spTree>\
             <p:nvGrpSpPr><p:cNvPr id=\"1\" name=\"\"/><p:cNvGrpSpPr/><p:nvPr/></p:nvGrpSpPr><p:grpSpPr/></p:spTree>\
             </p:cSld></p:{name}>"
        )
    };
    let layout_relations = relations(&[("slideMaster", "../slideMasters/slideMaster1.xml")]);
    let master_relations = relations(&[("slideLayout", "../slideLayouts/slideLayout1.xml")]);
    [
        (LAYOUT.into(), part("sldLayout")),
        ("ppt/slideLayouts/_rels/slideLayout1.xml.rels".into(), layout_relations),
        (MASTER.into(), part("sldMaster")),
        ("ppt/slideMasters/_rels/slideMaster1.xml.rels".into(), master_relations),
    ]
}

/// An OpenDocument text.
pub(super) fn odt(paragraphs: &[&str]) -> anyhow::Result<Vec<u8>> {
    let body: String = paragraphs
        .iter()
        .map(|text| format!("<text:p>{}</text:p>", escaped(text)))
        .collect();
    open_document("text", &format!("<office:text>{body}</office:text>"))
}

/// An OpenDocument sheet with a paragraph in each cell.
pub(super) fn ods(paragraphs: &[&str]) -> anyhow::Result<Vec<u8>> {
    let rows: String = paragraphs
        .chunks(CELLS_A_ROW)
        .map(|row| {
            let cells = row.iter().map(|text| {
                let text = escaped(text);
                format!("<table:table-cell office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>")
            });
            format!("<table:table-row>{}</table:table-row>", cells.collect::<String>())
        })
        .collect();
    let table = format!("<table:table table:name=\"Sheet\">{rows}</table:table>");
    open_document(
        "spreadsheet",
        &format!("<office:spreadsheet>{table}</office:spreadsheet>"),
    )
}

fn open_document(kind: &str, body: &str) -> anyhow::Result<Vec<u8>> {
    let mime = format!("application/vnd.oasis.opendocument.{kind}");
    let content = format!(
        "{HEAD}<office:document-content xmlns:office=\"{OPEN}:office:1.0\" xmlns:text=\"{OPEN}:text:1.0\" \
         xmlns:table=\"{OPEN}:table:1.0\" office:version=\"1.2\"><office:body>{body}</office:body>\
         </office:document-content>"
    );
    let manifest = format!(
        "{HEAD}<manifest:manifest xmlns:manifest=\"{OPEN}:manifest:1.0\"><manifest:file-entry manifest:full-path=\"/\" \
         manifest:media-type=\"{mime}\"/><manifest:file-entry manifest:full-path=\"content.xml\" \
         manifest:media-type=\"text/xml\"/></manifest:manifest>"
    );
    archive(&[
        ("mimetype".into(), mime),
        ("content.xml".into(), content),
        ("META-INF/manifest.xml".into(), manifest),
    ])
}

fn relations(targets: &[(&str, &str)]) -> String {
    let all: String = targets
        .iter()
        .enumerate()
        .map(|(index, (kind, target))| {
            let id = index + 1;
            format!("<Relationship Id=\"r{id}\" Type=\"{DOCUMENT}/{kind}\" Target=\"{target}\"/>")
        })
        .collect();
    format!("{HEAD}<Relationships xmlns=\"{PACKAGE}/relationships\">{all}</Relationships>")
}

/// An Office package: `kinds` are the content types of parts besides the main one.
fn package(main: &str, kind: &str, kinds: &[(&str, &str)], parts: Vec<(String, String)>) -> anyhow::Result<Vec<u8>> {
    let overrides: String = [(main, kind)]
        .iter()
        .chain(kinds)
        .map(|(name, kind)| format!("<Override PartName=\"/{name}\" ContentType=\"{OFFICE}.{kind}\"/>"))
        .collect();
    let types = format!(
        "{HEAD}<Types xmlns=\"{PACKAGE}/content-types\"><Default Extension=\"rels\" \
         ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" \
         ContentType=\"application/xml\"/>{overrides}</Types>"
    );
    let mut all = vec![
        ("[Content_Types].xml".to_owned(), types),
        ("_rels/.rels".to_owned(), relations(&[("officeDocument", main)])),
    ];
    all.extend(parts);
    archive(&all)
}

fn archive(parts: &[(String, String)]) -> anyhow::Result<Vec<u8>> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        archive.start_file(name.as_str(), SimpleFileOptions::default())?;
        archive.write_all(content.as_bytes())?;
    }
    Ok(archive.finish()?.into_inner())
}

/// Text for XML, without the characters that XML has no place for.
fn escaped(text: &str) -> String {
    let shown = text.chars().filter(|c| !c.is_control());
    let text: String = shown.collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
