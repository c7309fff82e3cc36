//! Answers of a bulk fetch made from realistic issues by changing values and bytes.
//!
//! `target` judges them.

use fastrand::Rng;
use serde_json::{Value, json};

const SAMPLES: &[&str] = &[
    include_str!("../../src/inbound/source/documents/samples/cloud.json"),
    include_str!("../../src/inbound/source/documents/samples/data_center_8_20.json"),
    include_str!("../../src/inbound/source/documents/samples/server_7.json"),
];

/// One answer: most are valid JSON of roughly the right shape, some are broken text.
pub(crate) fn answer(dice: &mut Rng) -> Vec<u8> {
    let issues: Vec<Value> = (0..dice.usize(1..4)).map(|_| issue(dice)).collect();
    let mut answer = json!({ "issues": issues, "issueErrors": [{ "id": "7", "errorMessage": "later" }] });
    for _ in 0..dice.usize(0..12) {
        change(&mut answer, dice);
    }
    let mut body = serde_json::to_vec(&answer).expect("a value can be written");
    if dice.u8(0..10) == 0 {
        spoil(&mut body, dice);
    }
    body
}

fn issue(dice: &mut Rng) -> Value {
    let sample = SAMPLES[dice.usize(..SAMPLES.len())];
    let mut sample: Value = serde_json::from_str(sample).expect("the samples are JSON");
    sample["issue"].take()
}

/// Replaces, removes or repeats one value, found by walking down at random.
fn change(value: &mut Value, dice: &mut Rng) {
    match value {
        Value::Object(members) if !members.is_empty() && dice.u8(0..20) > 0 => {
            let key = members
                .keys()
                .nth(dice.usize(..members.len()))
                .cloned()
                .expect("there is one");
            if dice.u8(0..25) == 0 {
                members.remove(&key);
            } else if let Some(member) = members.get_mut(&key) {
                change(member, dice);
            }
        }
        Value::Array(items) if !items.is_empty() && dice.u8(0..20) > 0 => {
            let at = dice.usize(..items.len());
            match dice.u8(0..25) {
                0 => drop(items.remove(at)),
                1 => items.push(items[at].clone()),
                _ => change(&mut items[at], dice),
            }
        }
        other => *other = odd_value(dice),
    }
}

fn odd_value(dice: &mut Rng) -> Value {
    match dice.u8(0..12) {
        0 => Value::Null,
        1 => json!(dice.bool()),
        2 => json!(dice.i64(..)),
        3 => json!(dice.f64() * 1e300),
        4 => json!(u64::MAX),
        5 => json!(""),
        6 => json!("com.atlassian.greenhopper.service.sprint.Sprint@1[id=,name=,,=],id=2"),
        7 => json!("2025-13-99T99:99:99.999+9999"),
        8 => json!([]),
        9 => json!({}),
        10 => json!([[null], { "a.b.": { "": [] } }]),
        _ => json!((0..dice.usize(0..30)).map(|_| dice.char(..)).collect::<String>()),
    }
}

fn spoil(body: &mut Vec<u8>, dice: &mut Rng) {
    for _ in 0..dice.usize(1..5) {
        if body.is_empty() {
            return;
        }
        let at = dice.usize(..body.len());
        match dice.u8(0..3) {
            0 => body[at] = dice.u8(..),
            1 => body.truncate(at),
            _ => body.insert(at, dice.u8(..)),
        }
    }
}
