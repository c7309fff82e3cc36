//! Start-up, exit codes and the memory allocator. Everything else begins in `cli`.

use std::process::ExitCode;

// Its settings are in .cargo/config.toml.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    jira_connector::cli::main()
}
