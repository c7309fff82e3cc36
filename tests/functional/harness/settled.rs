//! Waiting for something that other processes bring about, with a deadline. What is waited for is in the scenarios.

use std::time::{Duration, Instant};

const DEADLINE: Duration = Duration::from_secs(180);
const PAUSE: Duration = Duration::from_millis(50);

/// Polls until `look` gives a value; fails after three minutes, many times what a busy machine takes, with what was
/// waited for.
pub(crate) async fn eventually<T, F, Fut>(what: &str, look: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    within(DEADLINE, what, look).await
}

/// The same with another deadline.
pub(crate) async fn within<T, F, Fut>(deadline: Duration, what: &str, mut look: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Option<T>>,
{
    let began = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(began.elapsed() < deadline, "never happened within {deadline:?}: {what}");
        tokio::time::sleep(PAUSE).await;
    }
}
