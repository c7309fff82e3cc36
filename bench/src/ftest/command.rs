//! Start, end and exit code of `jira-connector-ftest`. The only file of it that prints.

use std::process::ExitCode;

use clap::Parser as _;

use super::options::Options;
use super::scenario;
use crate::elastic;

/// Runs the test that the command line asks for.
#[tokio::main]
#[expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "this is where the program prints"
)]
pub async fn main() -> ExitCode {
    let options = Options::parse();
    let say = |line: &str| eprintln!("{line}");
    let ended = tokio::select! {
        ended = scenario::run(&options, &say) => ended,
        () = told_to_stop() => Err(anyhow::anyhow!("interrupted")),
    };
    // Whatever happened, the node is not left behind; the other processes end when their handles are dropped.
    if !options.keep
        && let Err(error) = elastic::stop_node(options.es_port).await
    {
        eprintln!("jira-connector-ftest: {error:#}");
    }
    match ended {
        Ok(report) => {
            println!("{report}");
            ExitCode::from(u8::from(!report.is_correct()))
        }
        Err(error) => {
            eprintln!("jira-connector-ftest: {error:#}");
            eprintln!("logs and configuration: {}", options.folder.display());
            ExitCode::FAILURE
        }
    }
}

/// Ctrl-C or SIGTERM.
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).expect("signals can be listened to in a tokio runtime");
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
