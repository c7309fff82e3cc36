//! One test for each data file, so that they run side by side and are named in the report.
//!
//! Which endpoints the files must name is for `coverage`.

use super::runner::Runner;
use super::step::File;

/// The data files by name, and a test for each.
macro_rules! data_files {
    ($($name:ident),+ $(,)?) => {
        pub(super) const FILES: &[(&str, &str)] =
            &[$((concat!(stringify!($name), ".yml"), include_str!(concat!(stringify!($name), ".yml")))),+];

        $(
            #[tokio::test]
            async fn $name() {
                let name = concat!(stringify!($name), ".yml");
                let file = File::parse(name, include_str!(concat!(stringify!($name), ".yml")));
                Runner::connect().await.run(name, &file).await;
            }
        )+
    };
}

data_files!(
    connectors,
    updates,
    configuration,
    filtering,
    sync_jobs,
    secrets,
    privileges,
    templates,
    pipelines
);
