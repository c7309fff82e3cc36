//! Does what people do in Jira between two syncs. The made Jira knows itself what an index has to hold afterwards.

use anyhow::Context as _;
use reqwest::Method;
use serde_json::{Value, json};

use crate::jira::Jira;

/// Issues that are edited, besides those that are named below.
const EDITED: usize = 20;
/// A seed for which issues those are.
const SEED: u64 = 7;
/// A project that only the test knows.
const NEW_PROJECT: (&str, &str) = ("FTEST", "Functional test");

/// Keys of issues that are neither of this test nor special, a project with most issues first.
struct Site {
    /// The project with most issues, and the next.
    projects: [String; 2],
}

impl Site {
    async fn survey(jira: &Jira) -> anyhow::Result<Self> {
        let model = jira.control(Method::GET, "model", None).await?;
        let by_project = model["by_project"].as_object().context("a model without projects")?;
        let mut projects: Vec<(&String, u64)> = by_project
            .iter()
            .map(|(key, issues)| (key, issues.as_u64().unwrap_or(0)))
            .collect();
        projects.sort_by_key(|(_, issues)| std::cmp::Reverse(*issues));
        let [first, second, ..] = projects.as_slice() else {
            anyhow::bail!("the made Jira has fewer than two projects");
        };
        Ok(Self {
            projects: [first.0.clone(), second.0.clone()],
        })
    }
}

async fn post(jira: &Jira, path: &str, body: Value) -> anyhow::Result<Value> {
    jira.control(Method::POST, path, Some(&body)).await
}

async fn create(jira: &Jira, project: &str, summary: &str) -> anyhow::Result<String> {
    let created = post(
        jira,
        "issues",
        json!({ "project": project, "fields": { "summary": summary } }),
    )
    .await?;
    Ok(created["key"].as_str().context("a new issue without key")?.to_owned())
}

/// Everything that an incremental sync has to notice: edits, new issues, comments, files, moves. The keys of issues
/// whose new version has to be in the index.
pub(super) async fn edit_create_and_move(jira: &Jira) -> anyhow::Result<Vec<String>> {
    let Site { projects: [from, to] } = Site::survey(jira).await?;
    let mut changed = jira.touch(EDITED, SEED).await?;
    let new = create(jira, &from, "made between two syncs").await?;
    post(
        jira,
        &format!("issues/{new}/comment"),
        json!({ "body": "said between two syncs" }),
    )
    .await?;
    let file = json!({ "filename": "ftest.txt", "mime": "text/plain", "text": "put there between two syncs" });
    post(jira, &format!("issues/{new}/attachment"), file.clone()).await?;
    let to_move = create(jira, &from, "moved between two syncs").await?;
    post(jira, &format!("issues/{to_move}/attachment"), file).await?;
    let moved = post(jira, &format!("issues/{to_move}/move"), json!({ "project": to })).await?;
    let moved = moved["key"].as_str().context("a moved issue without key")?.to_owned();
    // One of the edited, so that a document that was indexed before has to change its id.
    let old = changed.pop().context("nothing was edited")?;
    let project = if old.starts_with(&format!("{to}-")) { &from } else { &to };
    let edited_and_moved = post(jira, &format!("issues/{old}/move"), json!({ "project": project })).await?;
    let edited_and_moved = edited_and_moved["key"].as_str().context("a moved issue without key")?;
    changed.extend([new, moved, edited_and_moved.to_owned()]);
    Ok(changed)
}

/// What only a look at everything shows: deletions, an archived issue, a renamed project, a removed file.
pub(super) async fn delete_archive_and_rename(jira: &Jira) -> anyhow::Result<()> {
    let Site {
        projects: [first, second],
    } = Site::survey(jira).await?;
    let (key, name) = NEW_PROJECT;
    post(jira, "projects", json!({ "key": key, "name": name })).await?;
    create(jira, key, "the first issue of a new project").await?;
    for (number, project) in [&first, &second, &first].into_iter().enumerate() {
        let victim = find(jira, project, number).await?;
        jira.control(Method::DELETE, &format!("issues/{victim}"), None).await?;
    }
    let archived = find(jira, &second, 5).await?;
    post(jira, &format!("issues/{archived}/archive"), Value::Null).await?;
    let renamed = json!({ "name": format!("{second} with another name") });
    post(jira, &format!("projects/{second}/rename"), renamed).await?;
    Ok(())
}

/// Some issue of a project: the one at a position of a search.
async fn find(jira: &Jira, project: &str, position: usize) -> anyhow::Result<String> {
    let wanted =
        json!({ "jql": format!("project = \"{project}\" ORDER BY created"), "fields": ["key"], "maxResults": 50 });
    let found = jira.rest("search/jql", &wanted).await?;
    let key = found["issues"][position]["key"].as_str();
    Ok(key
        .with_context(|| format!("project {project} has too few issues"))?
        .to_owned())
}
