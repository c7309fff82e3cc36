//! Files with sync rules. Their form is known to `operations`.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

use super::error::CommandError;
use crate::operations::rules::{FilteringRules, parse};

/// Reads a file, or standard input for `-`.
pub(super) fn read(path: &Path) -> Result<FilteringRules, CommandError> {
    let text = if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin()
            .read_to_string(&mut text)
            .context("cannot read standard input")?;
        text
    } else {
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
    };
    parse(&text).map_err(|reason| CommandError::Usage(format!("{}: {reason}", path.display())))
}
