//! What an execution came to, in the terms of Kibana's answer. A failed action is an answer, not an error.

use std::time::Duration;

use http_kit::NotDone;
use serde_json::Value;

use crate::outbound::delivery::Done;

/// Kibana's sentence for whatever happens inside an action; `service_message` says what it was.
const RAN_INTO_ERROR: &str = "an error occurred while running the action";

/// What an execution came to.
#[derive(Debug, Clone, PartialEq)]
pub enum Execution {
    /// It is done; the data for the caller, with the warnings in it.
    Done(Value),
    /// It is not known to be done.
    Failed(Failure),
}

/// Why an execution failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// The kind of failure.
    pub fault: Fault,
    /// Kibana's sentence.
    pub message: String,
    /// What happened, and the cure.
    pub service_message: Option<String>,
    /// Whether asking again can help and is safe.
    pub repetition: Repetition,
    /// Whose fault it is.
    pub source: Source,
}

/// Kinds of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Settings or parameters do not fit, or the other side refuses them.
    Refused,
    /// The other side limits the rate.
    Throttled,
    /// The other side could not be reached.
    NotSent,
    /// Nobody knows whether it is done.
    Unknown,
}

/// Whether asking again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repetition {
    /// It cannot, or is not safe.
    No,
    /// At any time.
    Yes,
    /// After this wait.
    After(Duration),
}

/// Whose fault a failure is, in Kibana's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The caller's, or the account's.
    User,
    /// This program's, or the network's.
    Framework,
}

impl Execution {
    /// Of a run that is done.
    pub(super) fn done(done: Done) -> Self {
        let mut data = done.data;
        if !done.warnings.is_empty()
            && let Some(data) = data.as_object_mut()
        {
            data.insert("warnings".to_owned(), done.warnings.into());
        }
        Self::Done(data)
    }

    /// Of a run that is not. `is_repeatable` when asking again ends in the same state as asking once.
    pub(super) fn not_done(reason: NotDone, is_repeatable: bool) -> Self {
        let (fault, repetition, source) = match &reason {
            NotDone::Refused { .. } => (Fault::Refused, Repetition::No, Source::User),
            NotDone::Throttled { wait, .. } => (Fault::Throttled, Repetition::After(*wait), Source::User),
            NotDone::NotSent(_) => (Fault::NotSent, Repetition::Yes, Source::Framework),
            NotDone::Unknown(_) if is_repeatable => (Fault::Unknown, Repetition::Yes, Source::Framework),
            NotDone::Unknown(_) => (Fault::Unknown, Repetition::No, Source::Framework),
        };
        let text = match reason {
            NotDone::Unknown(why) if !is_repeatable => format!(
                "{why}; it may have been carried out: look before you ask again, or ask with an Idempotency-Key or a \
                 correlation id next time"
            ),
            other => other.to_string(),
        };
        Self::Failed(Failure {
            fault,
            message: RAN_INTO_ERROR.to_owned(),
            service_message: Some(text),
            repetition,
            source,
        })
    }

    /// Of parameters or settings that do not fit: nothing was sent.
    pub(super) fn unfit(message: String, source: Source) -> Self {
        Self::Failed(Failure {
            fault: Fault::Refused,
            message,
            service_message: None,
            repetition: Repetition::No,
            source,
        })
    }

    /// The same for kinds that check their parameters themselves.
    pub(super) fn unfit_inside(service_message: String, source: Source) -> Self {
        Self::Failed(Failure {
            fault: Fault::Refused,
            message: RAN_INTO_ERROR.to_owned(),
            service_message: Some(service_message),
            repetition: Repetition::No,
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case(NotDone::NotSent("no route".into()), false, Repetition::Yes; "what was not sent may be sent")]
    #[test_case(NotDone::Unknown("cut off".into()), true, Repetition::Yes; "a key is looked up first")]
    #[test_case(NotDone::Unknown("cut off".into()), false, Repetition::No; "without a key there would be two")]
    #[test_case(NotDone::Throttled { wait: Duration::from_secs(9), message: String::new() }, false, Repetition::After(Duration::from_secs(9)); "later")]
    #[test_case(NotDone::Refused { status: 400, message: String::new(), fields: [].into() }, true, Repetition::No; "a refusal stays one")]
    fn a_repeat_is_advised_only_where_it_helps_and_is_safe(reason: NotDone, is_repeatable: bool, expected: Repetition) {
        let Execution::Failed(failure) = Execution::not_done(reason, is_repeatable) else {
            panic!("it failed")
        };
        assert_eq!(failure.repetition, expected);
    }
}
