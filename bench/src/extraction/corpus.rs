//! The files: as they lie in the packages that Cargo.lock pins, written by other programs (tests/it/samples), and made
//! from the texts of the former. The same ones on every machine that builds the same lock file.
//!
//! `made` and `printed` build the made files.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;
use tokio::process::Command;

use super::{made, printed};

/// Found in packages: so many of each extension, as far as there are.
const FOUND: &[(&str, usize)] = &[
    ("md", 150),
    ("eml", 45),
    ("json", 40),
    ("txt", 40),
    ("sh", 10),
    ("svg", 10),
    ("html", 5),
];
/// Made from texts that were found: so many of each extension.
const MADE: &[(&str, Make, usize)] = &[
    ("docx", made::docx, 50),
    ("xlsx", made::xlsx, 40),
    ("pdf", printed::pdf, 39),
    ("pptx", made::pptx, 20),
    ("odt", made::odt, 20),
    ("ods", made::ods, 10),
    ("rtf", printed::rtf, 10),
];
/// Written by `LibreOffice` and Apache POI; the folder says how.
const WRITTEN: &str = "tests/it/samples";

/// Smaller ones are marks of the registry and stubs, larger ones tables of data.
const SIZES: std::ops::Range<u64> = 200..1_000_000;
/// Texts that go into one made file: from one to so many.
const MOST_TEXTS: usize = 8;

type Make = fn(&[&str]) -> anyhow::Result<Vec<u8>>;

/// One file to attach.
#[derive(Debug)]
pub(super) struct SampleFile {
    pub(super) name: String,
    pub(super) content: Vec<u8>,
}

/// Finds and makes all of them.
pub(super) async fn collect() -> anyhow::Result<Vec<SampleFile>> {
    let mut by_extension: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for folder in package_folders().await? {
        walk(&folder, &mut by_extension)?;
    }
    let mut files = Vec::new();
    let mut texts = Vec::new();
    for (extension, wanted) in FOUND {
        let found = by_extension.remove(*extension).unwrap_or_default();
        for (number, path) in evenly(&found, *wanted).enumerate() {
            let content = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            if *extension == "md" {
                texts.extend(String::from_utf8(content.clone()));
            }
            files.push(SampleFile {
                name: format!("found-{number}.{extension}"),
                content,
            });
        }
    }
    for (extension, make, count) in MADE {
        for number in 0..*count {
            let of_this = texts.iter().cycle().skip(number * MOST_TEXTS);
            let of_this: Vec<&str> = of_this
                .take(1 + number % MOST_TEXTS)
                .flat_map(|text| text.lines())
                .collect();
            let paragraphs: Vec<&str> = of_this.into_iter().filter(|line| !line.trim().is_empty()).collect();
            files.push(SampleFile {
                name: format!("made-{number}.{extension}"),
                content: make(&paragraphs)?,
            });
        }
    }
    files.extend(written()?);
    Ok(files)
}

/// In the order of packages' names. Those for other systems are not on this machine.
async fn package_folders() -> anyhow::Result<Vec<PathBuf>> {
    let version = Command::new("rustc")
        .arg("-vV")
        .output()
        .await
        .context("cannot start rustc")?;
    let version = String::from_utf8_lossy(&version.stdout).into_owned();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let host = host.context("rustc does not say which system this is")?;
    let listed = Command::new("cargo")
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--filter-platform",
            host,
        ])
        .output()
        .await
        .context("cannot start cargo")?;
    let listed: Value = serde_json::from_slice(&listed.stdout).context("cargo metadata printed no JSON")?;
    let packages = listed["packages"]
        .as_array()
        .context("cargo metadata without packages")?;
    let from_registry = packages.iter().filter(|package| package["source"].is_string());
    let mut folders: Vec<PathBuf> = from_registry
        .filter_map(|package| Some(Path::new(package["manifest_path"].as_str()?).parent()?.to_owned()))
        .collect();
    folders.sort_by_key(|folder| folder.file_name().map(ToOwned::to_owned));
    Ok(folders)
}

fn walk(folder: &Path, found: &mut BTreeMap<String, Vec<PathBuf>>) -> anyhow::Result<()> {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, found)?;
        } else if let Some(extension) = path.extension().and_then(|extension| extension.to_str())
            && SIZES.contains(&fs::metadata(&path)?.len())
        {
            found.entry(extension.to_ascii_lowercase()).or_default().push(path);
        }
    }
    Ok(())
}

/// So many of them from the whole length of the list.
fn evenly<T>(all: &[T], wanted: usize) -> impl Iterator<Item = &T> {
    let wanted = wanted.min(all.len());
    (0..wanted).map(move |number| &all[number * all.len() / wanted])
}

fn written() -> anyhow::Result<Vec<SampleFile>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(WRITTEN).with_context(|| format!("cannot list {WRITTEN}"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name != "README.md" {
            let content = fs::read(path)?;
            files.push(SampleFile { name, content });
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_selection_reaches_from_one_end_to_the_other() {
        let all: Vec<usize> = (0..10).collect();
        assert_eq!(evenly(&all, 4).copied().collect::<Vec<_>>(), [0, 2, 5, 7]);
        assert_eq!(evenly(&all, 20).count(), 10);
        assert_eq!(evenly(&[0; 0], 3).count(), 0);
    }
}
