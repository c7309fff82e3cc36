//! `connectors login`: tries a credential before it keeps it, readable for its owner alone.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::arguments::{Login, Method};
use super::asking;
use crate::cli::config_file;
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::config::Config;
use crate::operations::Installation;

pub(super) async fn login(path: &Path, options: Login, output: &Output) -> Result<(), CommandError> {
    if path.exists() {
        asking::confirm(&format!("{} exists. Replace it?", path.display()), output)?;
    }
    let host = match options.host {
        Some(host) => host,
        None => asking::text("Elasticsearch host", false, output)?,
    };
    let mut lines = vec!["elasticsearch:".to_owned(), member("host", &host)];
    match options.method {
        Method::Basic => {
            lines.push(member("username", &asking::text("Username", false, output)?));
            lines.push(member("password", &asking::text("Password", true, output)?));
        }
        Method::Apikey => lines.push(member("api_key", &asking::text("API key", true, output)?)),
    }
    let text = lines.join("\n") + "\n";
    let config = Config::from_text(path, &text, &|_| None)?;
    Installation::connect(&config).await?;
    keep(path, &text)?;
    output.result(&json!({ "config": path }), "Authentication successful.");
    Ok(())
}

/// A `$` of a password is no variable.
fn member(name: &str, value: &str) -> String {
    format!("  {name}: {}", Value::from(value.replace('$', "$$")))
}

fn keep(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    if path.exists() {
        fs::remove_file(path)?;
    }
    config_file::write_new(path, text)
}
