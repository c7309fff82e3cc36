//! Text out of files, by the program's own process for it. Files are as small as they can be; harmful ones cost their own
//! process and nothing else.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use jira_connector::inbound::text_extraction::{ExtractionFailure, FileText, LocalExtractor, LocalLimits};
use test_case::test_case;

use crate::harness::{eventually, files};

const LIMITS: LocalLimits = LocalLimits {
    max_chars: 10_000,
    time: Duration::from_secs(30),
    memory: 1024 * 1024 * 1024,
    concurrency: 2,
};

async fn extract(limits: LocalLimits, name: &str, content: Vec<u8>) -> Result<FileText, ExtractionFailure> {
    let program = env!("CARGO_BIN_EXE_jira-connector").into();
    LocalExtractor::with_program(program, limits)
        .extract(name, content.into())
        .await
}

/// A web page with so many elements inside one another.
fn nested_page(depth: usize) -> Vec<u8> {
    format!("<html><body>{}deep{}", "<div>".repeat(depth), "</div>".repeat(depth)).into_bytes()
}

/// A PDF whose catalogue holds lists inside lists.
fn nested_pdf(depth: usize) -> Vec<u8> {
    let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let page = String::from_utf8(files::pdf(SENTENCE, 1)).unwrap();
    page.replacen("/Type /Catalog", &format!("/Type /Catalog /Deep {lists}"), 1)
        .into_bytes()
}

const SENTENCE: &str = "The quick brown fox";

#[test_case("a.docx", files::docx(SENTENCE))]
#[test_case("a.xlsx", files::xlsx(SENTENCE))]
#[test_case("a.pptx", files::pptx(SENTENCE))]
#[test_case("a.pdf", files::pdf(SENTENCE, 3))]
#[test_case("a.txt", SENTENCE.into(); "plain text")]
#[test_case("a.md", format!("# Title\n{SENTENCE}").into(); "markdown")]
#[test_case("a.csv", format!("a,b\n1,{SENTENCE}").into(); "csv")]
#[test_case("a.json", format!("{{\"a\": \"{SENTENCE}\"}}").into(); "json")]
#[test_case("a.xml", format!("<a><b>{SENTENCE}</b></a>").into(); "xml")]
#[test_case("a.html", format!("<p>{SENTENCE}</p>").into(); "html")]
#[test_case("a.rtf", format!("{{\\rtf1 {SENTENCE}}}").into(); "rtf")]
#[test_case("a.eml", format!("Subject: x\r\n\r\n{SENTENCE}").into(); "mail")]
#[test_case("lies.txt", files::pdf(SENTENCE, 1); "a pdf that says it is text")]
#[test_case("lies.pdf", SENTENCE.into(); "text that says it is a pdf")]
#[test_case("none", files::docx(SENTENCE); "no extension")]
#[tokio::test]
async fn the_text_is_found(name: &str, content: Vec<u8>) {
    let found = extract(LIMITS, name, content).await.unwrap();
    assert!(found.text.contains(SENTENCE), "{found:?}");
    assert!(!found.truncated);
}

/// Written by `LibreOffice` and Apache POI; the folder says how.
macro_rules! sample {
    ($name:literal) => {
        ($name, include_bytes!(concat!("samples/", $name)).to_vec())
    };
}

#[test_case(sample!("letter.doc"), "The heron waits in the reeds until the water is still."; "word 97")]
#[test_case(sample!("letter.docx"), "The heron waits in the reeds until the water is still."; "word")]
#[test_case(sample!("letter.odt"), "The heron waits in the reeds until the water is still."; "opendocument text")]
#[test_case(sample!("letter.rtf"), "The heron waits in the reeds until the water is still."; "rich text")]
#[test_case(sample!("letter.pdf"), "The heron waits in the reeds until the water is still."; "pdf")]
#[test_case(sample!("cost.xls"), "The otter counts its pebbles twice"; "excel 97")]
#[test_case(sample!("cost.xlsx"), "The otter counts its pebbles twice"; "excel")]
#[test_case(sample!("cost.ods"), "The otter counts its pebbles twice"; "opendocument sheet")]
#[test_case(sample!("talk.ppt"), "The bittern booms at dusk beyond the lock."; "powerpoint 97")]
#[test_case(sample!("talk.odp"), "The bittern booms at dusk beyond the lock."; "opendocument slides")]
#[test_case(sample!("note.msg"), "The lapwing tumbles over the field and calls."; "outlook")]
#[tokio::test]
async fn the_text_of_files_that_other_programs_wrote_is_found((name, content): (&str, Vec<u8>), sentence: &str) {
    let found = extract(LIMITS, name, content).await.unwrap();
    for words in [sentence, "Grüße"] {
        assert!(found.text.contains(words), "no {words} in {found:?}");
    }
}

#[tokio::test]
async fn a_long_text_is_cut_and_says_so() {
    let few = LocalLimits { max_chars: 9, ..LIMITS };
    let cut = |name, content| async move { extract(few, name, content).await.unwrap() };
    let cut_text = FileText {
        text: "The quick".into(),
        truncated: true,
    };
    assert_eq!(cut("a.txt", SENTENCE.into()).await, cut_text);
    assert_eq!(cut("a.docx", files::docx(SENTENCE)).await.text, "The quick");
    assert!(cut("a.pdf", files::pdf(SENTENCE, 2)).await.truncated);
}

/// What each has to say is in the third place.
#[test_case("a.docx", b"PK\x03\x04 broken".to_vec(), "damaged"; "a broken archive")]
#[test_case("a.zip", files::docx("x")[..200].to_vec(), "damaged"; "a cut archive")]
#[test_case("a.pdf", b"%PDF-1.7 nothing".to_vec(), "damaged"; "a broken pdf")]
#[test_case("a.txt", vec![0x7f, 0x45, 0x4c, 0x46, 0, 0, 0, 1, 0, 0, 2, 3], "neither text"; "a program")]
#[tokio::test]
async fn a_file_without_text_says_why(name: &str, content: Vec<u8>, says: &str) {
    let failure = extract(LIMITS, name, content).await.unwrap_err();
    assert!(
        matches!(&failure, ExtractionFailure::File(reason) if reason.contains(says)),
        "{failure}"
    );
}

/// Each of these would take the memory, the stack or the time of a worker. What the record will say is in the third place.
#[test_case("bomb.docx", files::word_bomb(60), "more than 96 MiB of memory"; "a bomb")]
#[test_case("deep.pdf", nested_pdf(100_000), ""; "a deep pdf")]
#[test_case("deep.html", nested_page(400_000), ""; "a deep page")]
#[test_case("pages.pdf", files::pdf(SENTENCE, 100_000), ""; "many pages")]
#[tokio::test]
async fn a_harmful_file_costs_its_own_process_only(name: &str, content: Vec<u8>, says: &str) {
    assert!(content.len() < 10 * 1024 * 1024, "{}", content.len());
    let limits = LocalLimits {
        memory: 96 * 1024 * 1024,
        time: Duration::from_secs(5),
        ..LIMITS
    };
    let began = Instant::now();
    match extract(limits, name, content).await {
        Ok(found) => assert!(says.is_empty() && found.text.chars().count() <= limits.max_chars),
        Err(ExtractionFailure::File(reason)) => assert!(reason.contains(says), "{reason}"),
        Err(failure) => unreachable!("it is the file's fault: {failure}"),
    }
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

/// Stands in for the program: a file's name says what its parser is to do. Others are left to the program itself.
const MISBEHAVING: &str = r#"#!/bin/sh
read -r task
echo $$ > FOLDER/pid
case "$task" in
    *loop*) while :; do :; done ;;
    *panic*) echo "thread 'main' panicked at parser.rs" >&2; exit 101 ;;
    *crash*) kill -SEGV $$ ;;
    *flood*) while :; do echo flood; done ;;
    *) { echo "$task"; exec cat; } | PROGRAM "$@" ;;
esac
"#;

/// One place only, so that whatever is left of a process would hold up the next file.
#[tokio::test]
async fn after_a_parser_that_hangs_or_dies_the_next_file_is_read_by_a_new_process() {
    let folder = tempfile::tempdir().unwrap();
    let (program, pid) = (folder.path().join("program"), folder.path().join("pid"));
    let script = MISBEHAVING
        .replace("FOLDER", &folder.path().display().to_string())
        .replace("PROGRAM", env!("CARGO_BIN_EXE_jira-connector"));
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let limits = LocalLimits {
        time: Duration::from_secs(2),
        concurrency: 1,
        ..LIMITS
    };
    let extractor = LocalExtractor::with_program(program, limits);
    let cases = [
        ("loop.pdf", "its text was not there after 2 s"),
        ("panic.doc", "the process that took its text crashed"),
        ("crash.doc", "the process that took its text died"),
        ("flood.doc", "its text is longer than can be"),
    ];
    for (name, says) in cases {
        // All are the file's own fault: its record says so, and it is not tried again under the same settings.
        let failure = extractor.extract(name, SENTENCE.into()).await.unwrap_err();
        assert!(
            matches!(&failure, ExtractionFailure::File(reason) if reason.starts_with(says)),
            "{name}: {failure}"
        );
        let process = std::fs::read_to_string(&pid).unwrap();
        let process = format!("/proc/{}", process.trim());
        eventually("the process is gone", async || {
            (!Path::new(&process).exists()).then_some(())
        })
        .await;
        let found = extractor.extract("good.txt", SENTENCE.into()).await.unwrap();
        assert!(found.text.contains(SENTENCE), "after {name}: {found:?}");
    }
}
