//! Text out of files, by the program's own process for it. Files are as small as they can be; harmful ones cost their own
//! process and nothing else.

use std::time::{Duration, Instant};

use jira_connector::text_extraction::{ExtractionFailure, FileText, LocalExtractor, LocalLimits};
use test_case::test_case;

use crate::harness::files;

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

const SENTENCE: &str = "The quick brown fox";

#[test_case("a.docx", files::docx(SENTENCE))]
#[test_case("a.xlsx", files::xlsx(SENTENCE))]
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

/// Each of these would take the memory, the stack or the time of a worker.
#[test_case("bomb.docx", files::word_bomb(60); "a bomb")]
#[test_case("deep.html", nested_page(400_000); "deep nesting")]
#[test_case("pages.pdf", files::pdf(SENTENCE, 20_000); "many pages")]
#[tokio::test]
async fn a_harmful_file_costs_its_own_process_only(name: &str, content: Vec<u8>) {
    assert!(content.len() < 10 * 1024 * 1024, "{}", content.len());
    let limits = LocalLimits {
        memory: 256 * 1024 * 1024,
        time: Duration::from_secs(5),
        ..LIMITS
    };
    let began = Instant::now();
    match extract(limits, name, content).await {
        Ok(found) => assert!(found.text.chars().count() <= limits.max_chars),
        Err(failure) => assert!(matches!(failure, ExtractionFailure::File(_)), "{failure}"),
    }
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}
