//! The test of a connector: is the instance there, may the account do what is needed. Writes nothing.

use http_kit::NotDone;
use serde_json::Value;
use servicenow_client::Query;

use super::instance::Instance;
use super::product::Product;
use crate::outbound::kinds::Check;

/// What was seen.
pub(super) async fn checks(instance: &Instance) -> Vec<Check> {
    let mut checks = vec![reading(instance).await];
    if instance.product == Product::Events {
        return checks;
    }
    if instance.uses_table_api {
        checks.push(line(
            "effective_api",
            Ok("table: the account needs the right to write it".to_owned()),
        ));
    } else {
        checks.push(app(instance).await);
    }
    checks.push(closing(instance).await);
    checks
}

/// A line about one thing.
pub(super) fn line(name: &str, seen: Result<String, String>) -> Check {
    Check {
        name: name.to_owned(),
        ok: seen.is_ok(),
        hint: seen.unwrap_or_else(|problem| problem),
    }
}

async fn reading(instance: &Instance) -> Check {
    let name = format!("the instance takes the login and shows {}", instance.table());
    let nobody = Query::default().equals("sys_id", "00000000000000000000000000000000");
    let asked = match nobody {
        Ok(query) => instance.client.find(instance.table(), &query, &[]).await,
        Err(fault) => Err(NotDone::NotSent(fault.to_string())),
    };
    let seen = asked.map(|_| "it does".to_owned());
    line(
        &name,
        seen.map_err(|error| format!("{error}; the account needs a role such as itil, or sn_si.basic")),
    )
}

async fn app(instance: &Instance) -> Check {
    let cure = "install Elastic's app from the ServiceNow store, or set usesTableApi to true";
    let seen = match instance.client.app_health(instance.product.app()).await {
        Ok(Some(health)) => Ok(format!("import_set: {} {}", health.name, health.version)),
        Ok(None) => Err(format!("the app is not installed: {cure}")),
        Err(error) => Err(format!("{error}: {cure}")),
    };
    line("effective_api", seen)
}

async fn closing(instance: &Instance) -> Check {
    let name = "the values that close an incident exist";
    let choices = match instance
        .client
        .choices(instance.table(), &["state", "close_code"])
        .await
    {
        Ok(choices) => choices,
        Err(error) => {
            return line(
                name,
                Err(format!(
                    "the choices cannot be read: {error}; let the account read sys_choice, or compare close in the \
                     connector's config with the instance by hand"
                )),
            );
        }
    };
    let mut problems = Vec::new();
    for column in ["state", "close_code"] {
        let wanted = instance.closing.get(column).and_then(Value::as_str).unwrap_or_default();
        let offered: Vec<&str> = choices
            .iter()
            .filter(|choice| choice.element == column)
            .map(|choice| choice.value.as_str())
            .collect();
        if !offered.is_empty() && !offered.contains(&wanted) {
            problems.push(format!(
                "{column} has no {wanted:?}, set close.{column} to one of {}",
                offered.join(", ")
            ));
        }
    }
    line(
        name,
        if problems.is_empty() {
            Ok("they do".to_owned())
        } else {
            Err(problems.join("; "))
        },
    )
}
