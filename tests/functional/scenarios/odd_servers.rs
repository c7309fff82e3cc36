//! Servers and gateways that answer less than Jira's documents promise: a sync works all the same, whole.

use jira_fixture::{Control, Fault, KeyNotEmpty, Version};
use test_case::test_case;

use super::dialects::{data_center, syncs};
use crate::harness::Stack;

fn no_post(site: &Control) {
    site.add_fault(Fault {
        method: Some("POST".to_owned()),
        ..Fault::status("search", 405)
    });
}

#[test_case(|site| site.add_fault(Fault::status("server_info", 404)); "server info is not routed")]
#[test_case(|site| site.add_fault(Fault::status("server_info", 403)); "server info is forbidden")]
#[test_case(no_post; "search takes no post")]
#[test_case(|site| site.set(|settings| settings.key_not_empty = KeyNotEmpty::Refused); "the query for everything is refused")]
#[test_case(|site| site.set(|settings| settings.key_not_empty = KeyNotEmpty::Nothing); "the query for everything finds nothing")]
#[test_case(|site| site.set(|settings| settings.epoch_fails = true); "milliseconds make the search fail")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sync_finds_everything_although(oddity: fn(&Control)) {
    let stack = Stack::with(data_center(Version::new(8, 20), "").field("sweep_interval", "0")).await;
    oddity(&stack.jira.site);
    syncs(&stack).await;
}
