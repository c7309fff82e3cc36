//! `actions test` and `actions execute`.

use std::io::Read as _;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::arguments::ActionsExecute;
use super::start::CALLER;
use crate::cli::error::CommandError;
use crate::cli::output::Output;
use crate::operations::actions::{ActionCall, Actions, Execution, Repetition};

pub(super) async fn test(actions: &Actions, id: &str, output: &Output) -> Result<(), CommandError> {
    let report = actions.test(id).await?;
    let lines = report.checks.iter().map(|check| {
        let verdict = if check.ok { "ok    " } else { "FAILED" };
        format!("{verdict}  {}: {}", check.name, check.hint)
    });
    output.result(&report, &lines.collect::<Vec<_>>().join("\n"));
    if report.ok { Ok(()) } else { Err(CommandError::Reported) }
}

pub(super) async fn execute(actions: &Actions, options: ActionsExecute, output: &Output) -> Result<(), CommandError> {
    let params = parameters(&options.params)?;
    let call = ActionCall {
        connector: options.id,
        params: Map::from_iter([
            ("subAction".to_owned(), options.sub_action.into()),
            ("subActionParams".to_owned(), params),
        ]),
        caller: CALLER.to_owned(),
        key: options.key,
    };
    match actions.execute(call).await? {
        Execution::Done(data) => {
            let text = serde_json::to_string_pretty(&data).unwrap_or_default();
            output.result(&json!({ "status": "ok", "data": data }), &text);
            Ok(())
        }
        Execution::Failed(failure) => {
            let retry = match failure.repetition {
                Repetition::No => "no: the same call would fail again, or is not safe".to_owned(),
                Repetition::Yes => "yes".to_owned(),
                Repetition::After(wait) => format!("after {} s", wait.as_secs()),
            };
            let reason = failure.service_message.as_ref().unwrap_or(&failure.message);
            let view = json!({
                "status": "error",
                "message": failure.message,
                "service_message": failure.service_message,
                "retry": retry,
            });
            output.result(&view, &format!("Failed: {reason}\nAsk again: {retry}"));
            Err(CommandError::Reported)
        }
    }
}

/// JSON as it is given, from a file or from standard input.
fn parameters(given: &str) -> Result<Value, CommandError> {
    let text = match given.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            CommandError::Usage(format!("--params: cannot read {}: {error}", Path::new(path).display()))
        })?,
        None if given == "-" => {
            let mut text = String::new();
            let read = std::io::stdin().read_to_string(&mut text);
            read.map_err(|error| CommandError::Usage(format!("--params: cannot read standard input: {error}")))?;
            text
        }
        None => given.to_owned(),
    };
    match serde_json::from_str(&text) {
        Ok(Value::Object(params)) => Ok(params.into()),
        Ok(_) => Err(CommandError::Usage(
            "--params: must be a JSON object, such as {\"alias\": \"x\"}".to_owned(),
        )),
        Err(error) => Err(CommandError::Usage(format!("--params: is no JSON ({error})"))),
    }
}
