//! `jira-connector-bench`: measures the release build and prints what it found.
//!
//! `session` decides what is measured, and in which order; docs/performance.md explains the figures.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;

use crate::options::Options;
use crate::report::Report;
use crate::{elastic, session, table};

/// Which cases exist depends on the latencies, so clap cannot tell a wrong name by itself.
const WRONG_USAGE: u8 = 2;

/// Measures what the command line asks for.
#[tokio::main]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where the program prints"
)]
pub async fn main() -> ExitCode {
    let options = Options::parse();
    if let Err(error) = options.cases() {
        eprintln!("jira-connector-bench: {error:#}");
        return ExitCode::from(WRONG_USAGE);
    }
    let say = |line: &str| eprintln!("{line}");
    let measured = tokio::select! {
        measured = session::run(&options, &say) => measured,
        _ = tokio::signal::ctrl_c() => Err(anyhow::anyhow!("interrupted")),
    };
    // Whatever happened, the node is not left behind; the other processes end when their handles are dropped.
    if !options.keep
        && let Err(error) = elastic::stop_node(options.es_port).await
    {
        eprintln!("jira-connector-bench: {error:#}");
    }
    match measured.and_then(|report| Ok((write(&report, &options)?, report))) {
        Ok((file, report)) => {
            println!("{}", table::write(&report));
            println!("All figures: {file}");
            let failed = !report.is_correct() || (options.strict && !report.targets_met());
            ExitCode::from(u8::from(failed))
        }
        Err(error) => {
            eprintln!("jira-connector-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn write(report: &Report, options: &Options) -> anyhow::Result<String> {
    let file = format!("{}/{}.json", options.folder.display(), report.data_size);
    let json = serde_json::to_vec_pretty(report)?;
    std::fs::write(&file, json).with_context(|| format!("cannot write {file}"))?;
    Ok(file)
}
