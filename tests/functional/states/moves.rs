//! What may happen to workers, jobs and connectors, drawn from a seed. Carrying it out is left to `rig`.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::harness::Line;

pub(crate) const WORKERS: usize = 3;
/// Connectors that moves are about. The last of them may be deleted.
pub(crate) const CONNECTORS: usize = 2;

/// How Jira goes wrong for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Every request is answered with 500.
    Errors,
    /// Every connection is cut.
    Resets,
    /// No request to fetch issues is answered.
    Silence,
    /// The credential is refused.
    Refused,
    /// Answers take long: jobs that are under way stay so.
    Slow,
}

/// What somebody changes in a connector's configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// As it was in the beginning.
    Restored,
    /// Other projects.
    OtherProjects,
    /// An address where nothing answers.
    WrongAddress,
    /// A value without which no sync can begin.
    NoAddress,
}

#[derive(Debug, Clone)]
pub(crate) enum Act {
    CreateJob {
        connector: usize,
        job_type: &'static str,
    },
    /// One of the jobs that are not over, or any when all are.
    CancelJob {
        pick: usize,
    },
    DeleteJob {
        pick: usize,
    },
    Configure {
        connector: usize,
        change: Change,
    },
    /// Incremental syncs every other second, or no more.
    Schedule {
        connector: usize,
        enabled: bool,
    },
    /// For so many milliseconds.
    BreakJira {
        trouble: Trouble,
        ms: u64,
    },
    /// Workers are picked among those that run a job, or all when none does. SIGTERM, and another one in its place.
    Terminate {
        worker: usize,
    },
    /// SIGKILL, and another one in its place.
    Kill {
        worker: usize,
    },
    /// SIGSTOP for longer than others wait, then SIGCONT.
    Stop {
        worker: usize,
    },
    /// The worker's connection to Elasticsearch, for so many milliseconds.
    Disturb {
        worker: usize,
        line: Line,
        ms: u64,
    },
    DeleteConnector,
}

/// Something that happens, and what passes until the next thing does.
#[derive(Debug, Clone)]
pub(crate) struct Move {
    pub(crate) act: Act,
    pub(crate) then_ms: u64,
}

fn any_act() -> impl Strategy<Value = Act> {
    let connector = || 0..CONNECTORS;
    let worker = || 0..WORKERS;
    let job_type = prop_oneof![3 => Just("full"), 2 => Just("incremental"), 1 => Just("access_control")];
    let change = prop_oneof![
        2 => Just(Change::Restored),
        1 => Just(Change::OtherProjects),
        1 => Just(Change::WrongAddress),
        1 => Just(Change::NoAddress),
    ];
    let trouble = prop_oneof![
        Just(Trouble::Errors),
        Just(Trouble::Resets),
        Just(Trouble::Silence),
        Just(Trouble::Refused),
        Just(Trouble::Slow),
    ];
    let disturbance = prop_oneof![
        (Just(Line::Cut), 200..2_500_u64),
        // Longer than others wait, or not.
        (Just(Line::Held), 500..7_000_u64),
        (Just(Line::AnswersLost), 100..1_500_u64),
    ];
    prop_oneof![
        8 => (connector(), job_type).prop_map(|(connector, job_type)| Act::CreateJob { connector, job_type }),
        4 => (0..8_usize).prop_map(|pick| Act::CancelJob { pick }),
        1 => (0..8_usize).prop_map(|pick| Act::DeleteJob { pick }),
        2 => (connector(), change).prop_map(|(connector, change)| Act::Configure { connector, change }),
        1 => (connector(), any::<bool>()).prop_map(|(connector, enabled)| Act::Schedule { connector, enabled }),
        2 => (trouble, 300..4_000_u64).prop_map(|(trouble, ms)| Act::BreakJira { trouble, ms }),
        2 => worker().prop_map(|worker| Act::Terminate { worker }),
        3 => worker().prop_map(|worker| Act::Kill { worker }),
        3 => worker().prop_map(|worker| Act::Stop { worker }),
        3 => (worker(), disturbance).prop_map(|(worker, (line, ms))| Act::Disturb { worker, line, ms }),
    ]
}

/// Syncs of all connectors to begin with, then ten to fifteen moves, at times with the deletion of a connector near the
/// end; the same seed gives the same ones.
pub(crate) fn moves(seed: u64) -> Vec<Move> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), random);
    // At once, or so that what was begun is met at some point of its way.
    let then_ms = prop_oneof![1 => 0..50_u64, 3 => 50..1_500_u64];
    let any_move = (any_act(), then_ms).prop_map(|(act, then_ms)| Move { act, then_ms });
    let rest = (
        proptest::collection::vec(any_move, 10..=15),
        proptest::option::weighted(0.3, 0..4_usize),
    );
    let (mut rest, deletion) = rest.new_tree(&mut runner).unwrap().current();
    if let Some(from_end) = deletion {
        let act = Act::DeleteConnector;
        rest.insert(rest.len() - from_end, Move { act, then_ms: 500 });
    }
    let begin = |connector| Move {
        act: Act::CreateJob {
            connector,
            job_type: "full",
        },
        then_ms: 500,
    };
    let first = (0..CONNECTORS).map(begin);
    first.chain(rest).collect()
}
