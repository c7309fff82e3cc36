//! Sprints of older Server and Data Center, which come as a dump of a Java object in a string.
//!
//! They become the objects that Cloud gives. What is no such string stays as it is.

use serde_json::{Map, Value};

const MARK: &str = "com.atlassian.greenhopper.service.sprint.Sprint@";
/// Members besides the name; their order differs by version.
const MEMBERS: &[&str] = &[
    "id",
    "rapidViewId",
    "state",
    "closed",
    "goal",
    "startDate",
    "endDate",
    "completeDate",
    "activatedDate",
    "sequence",
    "synced",
    "autoStartStop",
    "incompleteIssuesDestinationId",
];
const NAME: &str = ",name=";

/// Replaces dumps, alone or in a list.
pub(super) fn readable_sprints(value: Value) -> Value {
    match value {
        Value::String(text) => sprint(&text).map_or(Value::String(text), Value::Object),
        Value::Array(items) if items.iter().any(is_dump) => items.into_iter().map(readable_sprints).collect(),
        other => other,
    }
}

fn is_dump(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.starts_with(MARK))
}

fn sprint(text: &str) -> Option<Map<String, Value>> {
    let members = text.strip_prefix(MARK)?;
    let members = members.split_once('[')?.1.strip_suffix(']')?;
    // A comma in front makes the first member look like the others.
    let members = format!(",{members}");
    // A name may hold commas, brackets and equals signs, so members before it are found from the front, and members
    // behind it from the end.
    let name_at = members.find(NAME).unwrap_or(members.len());
    let behind = members.get(name_at + NAME.len()..).unwrap_or_default();
    let mut marks: Vec<(usize, &str)> = Vec::new();
    for name in MEMBERS {
        let mark = format!(",{name}=");
        let before = members[..name_at].find(&mark);
        let found = before.or_else(|| Some(name_at + NAME.len() + behind.rfind(&mark)?));
        marks.extend(found.map(|at| (at, *name)));
    }
    if name_at < members.len() {
        marks.push((name_at, "name"));
    }
    marks.sort_unstable();
    let mut sprint = Map::new();
    for (position, (at, name)) in marks.iter().enumerate() {
        let begin = at + name.len() + 2;
        let end = marks.get(position + 1).map_or(members.len(), |(next, _)| *next);
        let value = members.get(begin..end)?;
        if let Some((name, value)) = member(name, value) {
            sprint.insert(name.to_owned(), value);
        }
    }
    sprint.contains_key("id").then_some(sprint)
}

/// The member as Cloud names and types it; none for an empty one.
fn member<'n>(name: &'n str, value: &str) -> Option<(&'n str, Value)> {
    let number = || value.parse::<u64>().map_or_else(|_| Value::from(value), Value::from);
    match name {
        _ if value == "<null>" || value.is_empty() => None,
        "id" | "sequence" | "incompleteIssuesDestinationId" => Some((name, number())),
        "rapidViewId" => Some(("boardId", number())),
        "state" => Some((name, value.to_lowercase().into())),
        "closed" | "synced" | "autoStartStop" => {
            Some((name, value.parse::<bool>().map_or_else(|_| value.into(), Value::Bool)))
        }
        _ => Some((name, value.into())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_dump_becomes_the_object_that_cloud_gives() {
        let dump = "com.atlassian.greenhopper.service.sprint.Sprint@1f2b3c[id=37,rapidViewId=12,state=CLOSED,\
                    name=Sprint 3, [part=2], state=final,startDate=2019-03-01T09:00:00.000+01:00,\
                    endDate=2019-03-15T09:00:00.000+01:00,completeDate=<null>,sequence=37,goal=Ship it, twice]";
        let expected = json!([{
            "id": 37, "boardId": 12, "state": "closed", "name": "Sprint 3, [part=2], state=final",
            "startDate": "2019-03-01T09:00:00.000+01:00", "endDate": "2019-03-15T09:00:00.000+01:00",
            "sequence": 37, "goal": "Ship it, twice",
        }]);
        assert_eq!(readable_sprints(json!([dump])), expected);
    }

    #[test]
    fn the_oldest_dumps_have_their_id_at_the_end() {
        let dump =
            format!("{MARK}1f[name=A, B,closed=true,startDate=2013-01-02T03:04:05.000Z,completeDate=<null>,id=3]");
        let expected = json!({"name": "A, B", "closed": true, "startDate": "2013-01-02T03:04:05.000Z", "id": 3});
        assert_eq!(readable_sprints(json!(dump)), expected);
    }

    #[test]
    fn anything_else_stays() {
        for other in [
            json!("text"),
            json!(null),
            json!(["a", 1]),
            json!([{"id": 1, "name": "Sprint 1"}]),
            json!("com.atlassian.greenhopper.service.sprint.Sprint@1f2b3c"),
            json!("com.atlassian.greenhopper.service.sprint.Sprint@1f[name=without id]"),
        ] {
            assert_eq!(readable_sprints(other.clone()), other);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_loss_of_the_id(name in "(,|=|\\[|\\]|ä|goal|id| |x){0,20}", rest in ".{0,40}") {
            let dump = format!("{MARK}1[id=5,state=ACTIVE,name={name}]");
            prop_assert_eq!(&readable_sprints(json!(dump))["id"], 5);
            readable_sprints(json!(format!("{MARK}{rest}")));
        }
    }
}
