//! Feeds mutated answers of Jira to the issue parser for some seconds: no panic, and no issue is lost.
//!
//! It needs no nightly compiler and no instrumentation. `jira-connector-fuzz [SECONDS] [SEED]`; a failure names the seed.

#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod mutation;
mod target;

use std::time::{Duration, Instant};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut number = |default: u64| match arguments.next() {
        Some(text) => text.parse().expect("seconds and seed are whole numbers"),
        None => default,
    };
    let seconds = number(60);
    let first_seed = number(fastrand::u64(..));
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut seed, mut tally) = (first_seed, target::Tally::default());
    while Instant::now() < end || tally.inputs == 0 {
        let mut dice = fastrand::Rng::with_seed(seed);
        let body = mutation::answer(&mut dice);
        let run = std::panic::catch_unwind(|| target::run(&body));
        match run {
            Ok(Ok(outcome)) => tally.add(&outcome),
            Ok(Err(fault)) => fail(seed, &body, &fault),
            Err(_) => fail(seed, &body, "the parser panicked"),
        }
        seed = seed.wrapping_add(1);
    }
    println!("{tally}, seeds from {first_seed}");
}

fn fail(seed: u64, body: &[u8], fault: &str) -> ! {
    println!("seed {seed}: {fault}\n{}", String::from_utf8_lossy(body));
    std::process::exit(1)
}
