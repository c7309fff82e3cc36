//! `actions types`, `list`, `show` and `executions`.

use crate::cli::error::CommandError;
use crate::cli::output::{Output, or_dash, table};
use crate::operations::actions::{ActionView, Actions, FieldView, Outcome};

pub(super) fn types(actions: &Actions, output: &Output) -> Result<(), CommandError> {
    let types = actions.types(None);
    let rows: Vec<Vec<String>> = types
        .iter()
        .map(|one| vec![one.id.to_owned(), one.name.to_owned()])
        .collect();
    output.result(&types, &table(&["TYPE", "NAME"], &rows));
    Ok(())
}

pub(super) fn describe(actions: &Actions, id: &str, output: &Output) -> Result<(), CommandError> {
    let form = actions.form(id)?;
    let mut lines = vec![
        format!("{} ({})", form.id, form.name),
        String::new(),
        "settings".to_owned(),
    ];
    lines.extend(form.config.iter().map(field));
    lines.extend([String::new(), "secrets".to_owned()]);
    lines.extend(form.secrets.iter().map(field));
    for sub_action in &form.sub_actions {
        lines.extend([String::new(), format!("{}: {}", sub_action.name, sub_action.about)]);
        lines.extend(sub_action.params.iter().map(field));
    }
    output.result(&form, &lines.join("\n"));
    Ok(())
}

fn field(field: &FieldView) -> String {
    let need = if field.is_required { "required" } else { "" };
    format!("  {:<24} {need:<9} {}", field.name, field.about)
        .trim_end()
        .to_owned()
}

pub(super) async fn list(actions: &Actions, output: &Output) -> Result<(), CommandError> {
    let listed = actions.list().await?;
    let rows: Vec<Vec<String>> = listed
        .iter()
        .map(|one| {
            vec![
                one.id.clone(),
                one.name.clone(),
                one.kind.clone(),
                state(one).to_owned(),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        "There are no connectors; make one with `jira-connector actions create`.".to_owned()
    } else {
        table(&["ID", "NAME", "TYPE", "STATE"], &rows)
    };
    output.result(&listed, &text);
    Ok(())
}

fn state(connector: &ActionView) -> &'static str {
    match (connector.is_missing_secrets, connector.is_preconfigured) {
        (true, _) => "secrets missing",
        (false, true) => "in config.yml",
        (false, false) => "stored",
    }
}

pub(super) async fn show(actions: &Actions, id: &str, output: &Output) -> Result<(), CommandError> {
    let one = actions.get(id).await?;
    output.result(&one, &shown(&one));
    Ok(())
}

/// A connector for people.
pub(super) fn shown(one: &ActionView) -> String {
    let line = |name: &str, value: &str| format!("{name:<24}{value}");
    let mut lines = vec![
        line("id", &one.id),
        line("name", &one.name),
        line("type", &one.kind),
        line("state", state(one)),
    ];
    for (name, value) in one.config.iter().flatten().filter(|(_, value)| !value.is_null()) {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        lines.push(line(name, &text));
    }
    lines.join("\n")
}

pub(super) async fn executions(
    actions: &Actions,
    id: &str,
    outcome: Option<Outcome>,
    size: usize,
    output: &Output,
) -> Result<(), CommandError> {
    let records = actions.executions(id, outcome, size).await?;
    let rows: Vec<Vec<String>> = records
        .iter()
        .map(|record| {
            vec![
                record.started_at.format("%Y-%m-%d %H:%M:%S").to_string(),
                record.sub_action.clone(),
                record.outcome.as_str().to_owned(),
                record.caller.clone(),
                or_dash(record.message.as_deref()),
            ]
        })
        .collect();
    let text = if rows.is_empty() {
        "There are no executions.".to_owned()
    } else {
        table(&["STARTED (UTC)", "SUB-ACTION", "OUTCOME", "CALLER", "MESSAGE"], &rows)
    };
    output.result(&records, &text);
    Ok(())
}
