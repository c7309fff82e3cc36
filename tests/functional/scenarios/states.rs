//! Any order of API calls, signals and faults leaves legal states: random lives of three workers on two connectors, the
//! records watched all along. What may be seen is in `states::law`; the same for a model of the protocol, with many more
//! orders, beside `src/service`. Other lives than the usual ones: `JIRA_CONNECTOR_TEST_SEED`.

use crate::states::{Rig, moves, violations};

/// Each takes half a minute.
const LIVES: u64 = 2;

/// The same ones every time, so that a failure is one of this change. A failure names its seed: the moves come back with
/// it, their timing nearly.
fn first_seed() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a life that failed is lived again by its seed, which only the caller knows"
    )]
    let given = std::env::var("JIRA_CONNECTOR_TEST_SEED");
    given.map_or(1, |seed| seed.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_of_calls_signals_and_faults_leaves_legal_states() {
    let first = first_seed();
    for seed in (0..LIVES).map(|life| first.wrapping_add(life)) {
        let moves = moves(seed);
        let lines: Vec<String> = moves.iter().map(|next| format!("{next:?}")).collect();
        println!("JIRA_CONNECTOR_TEST_SEED={seed}\n{}", lines.join("\n"));
        let mut rig = Rig::start().await;
        rig.live_through(&moves).await;
        let settled = rig.settled().await;
        assert_legal(&rig, "after the moves");
        assert_eq!(settled, Ok(()), "everything comes to an end");

        let mut indices = rig.sync_all().await;
        let healthy = rig.stack.elastic.outlines(&indices.pop().unwrap()).await;
        assert!(!healthy.is_empty());
        for index in indices {
            assert_eq!(rig.stack.elastic.outlines(&index).await, healthy, "{index}");
        }
        let logs = rig.end().await;
        rig.observer.looked().await;
        assert_legal(&rig, "in the end");
        rig.stack.assert_no_secret(&logs);
        assert!(!logs.contains("panicked"), "{logs}");
    }
}

fn assert_legal(rig: &Rig, when: &str) {
    let found = violations(&rig.observer.seen());
    assert!(found.is_empty(), "{when}:\n{}", found.join("\n"));
}
