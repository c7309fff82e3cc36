//! Finds the privileges that an account or API key lacks.

use elastic_client::ElasticClient;
use serde_json::Value;

pub(super) async fn privileges(client: &ElasticClient, wanted: Value) -> Result<(), String> {
    let answer = client.has_privileges(wanted).await.map_err(|error| error.to_string())?;
    if answer["has_all_requested"] == true {
        return Ok(());
    }
    let mut missing: Vec<String> = denied(&answer["cluster"])
        .map(|name| format!("cluster privilege {name}"))
        .collect();
    for (index, granted) in answer["index"].as_object().into_iter().flatten() {
        missing.extend(denied(granted).map(|name| format!("{name} on {index}")));
    }
    Err(format!(
        "grant to the account or API key in use: {}",
        missing.join(", ")
    ))
}

fn denied(granted: &Value) -> impl Iterator<Item = &String> {
    granted
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, granted)| **granted != true)
        .map(|(name, _)| name)
}
