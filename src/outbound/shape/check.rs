//! Compares a value with a shape, and fills in what may be left out.

use serde_json::{Map, Value};

use super::misfit::Misfit;
use super::value::{Member, Need, Shape, Text};

/// The value with its defaults, or the first place where it does not fit.
pub fn check(shape: &Shape, value: &Value) -> Result<Value, Misfit> {
    let fits = match (shape, value) {
        (Shape::Any, _)
        | (Shape::Record, Value::Object(_))
        | (Shape::Flag, Value::Bool(_))
        | (Shape::Null, Value::Null) => true,
        (Shape::Text(text), Value::String(given)) => return check_text(*text, given).map(|()| value.clone()),
        (Shape::OneOf(allowed), Value::String(given)) => return check_choice(allowed, given).map(|()| value.clone()),
        (Shape::Number, Value::Number(number)) => number.is_i64() || number.is_u64(),
        (Shape::Object(members), Value::Object(given)) => return check_object(members, given).map(Value::Object),
        (Shape::List { of, at_most, filled }, Value::Array(items)) => {
            if *filled && items.is_empty() {
                return Err(Misfit::new("expected non-empty but got empty"));
            }
            return check_list(of, *at_most, items);
        }
        (
            Shape::IfPresent {
                member,
                then,
                otherwise,
            },
            _,
        ) => {
            let shape = if value.get(member).is_some() { then } else { otherwise };
            return check(shape, value);
        }
        (Shape::Either(shapes), _) => return check_either(shapes, value),
        _ => false,
    };
    if fits {
        Ok(value.clone())
    } else {
        Err(Misfit::of_type(shape.type_name(), Some(value)))
    }
}

fn check_text(text: Text, given: &str) -> Result<(), Misfit> {
    if text.filled && given.trim().is_empty() {
        return Err(Misfit::new(format!(
            "value '{given}' is not valid: it must hold more than white space"
        )));
    }
    if text.label && given.chars().any(char::is_whitespace) {
        return Err(Misfit::new(format!("The label {given} cannot contain spaces")));
    }
    let length = given.chars().count();
    match text.at_most {
        Some(most) if length > most => Err(Misfit::new(format!(
            "value has length [{length}] but it must have a maximum length of [{most}]."
        ))),
        _ => Ok(()),
    }
}

fn check_choice(allowed: &[&str], given: &str) -> Result<(), Misfit> {
    if allowed.contains(&given) {
        return Ok(());
    }
    Err(Misfit::new(format!(
        "expected one of [{}] but got [{given}]",
        allowed.join(", ")
    )))
}

fn check_object(members: &[Member], given: &Map<String, Value>) -> Result<Map<String, Value>, Misfit> {
    let mut checked = Map::new();
    for member in members {
        let value = match (given.get(member.name), &member.need) {
            (None, Need::Required) => {
                return Err(Misfit::of_type(member.shape.type_name(), None).within(member.name));
            }
            (None, Need::Optional) => continue,
            (None | Some(Value::Null), Need::Nullable) => Value::Null,
            (None, Need::Default(value)) => value.clone(),
            (Some(value), _) => check(&member.shape, value).map_err(|misfit| misfit.within(member.name))?,
        };
        checked.insert(member.name.to_owned(), value);
    }
    match given
        .keys()
        .find(|key| members.iter().all(|member| member.name != *key))
    {
        Some(unknown) => Err(Misfit::new("definition for this key is missing").within(unknown)),
        None => Ok(checked),
    }
}

fn check_list(of: &Shape, at_most: Option<usize>, items: &[Value]) -> Result<Value, Misfit> {
    if let Some(most) = at_most.filter(|most| items.len() > *most) {
        return Err(Misfit::new(format!(
            "array size is [{}], but cannot be greater than [{most}]",
            items.len()
        )));
    }
    let checked = items
        .iter()
        .enumerate()
        .map(|(index, item)| check(of, item).map_err(|misfit| misfit.within(index.to_string())));
    checked.collect::<Result<Vec<_>, _>>().map(Value::Array)
}

fn check_either(shapes: &[Shape], value: &Value) -> Result<Value, Misfit> {
    let mut misfits = Vec::new();
    for shape in shapes {
        match check(shape, value) {
            Ok(value) => return Ok(value),
            Err(misfit) => misfits.push(format!("- {misfit}")),
        }
    }
    Err(Misfit::new(format!(
        "types that failed validation:\n{}",
        misfits.join("\n")
    )))
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::json;
    use test_case::test_case;

    use super::*;
    use crate::outbound::shape::{nullable, optional, required};

    fn sample() -> Shape {
        Shape::object([
            required("apiUrl", Shape::filled_text(), ""),
            optional("labels", Shape::list_of(2, Shape::text_of(3)), ""),
            nullable("clientId", Shape::text(), ""),
            optional("isOAuth", Shape::Flag, "").or(false),
            optional("priority", Shape::OneOf(&["P1", "P2"]), ""),
            optional("more", Shape::Either(vec![Shape::Record, Shape::text()]), ""),
        ])
    }

    #[test]
    fn what_may_be_left_out_is_filled_in_as_kibana_does() {
        let checked = check(&sample(), &json!({ "apiUrl": "x" })).unwrap();
        assert_eq!(checked, json!({ "apiUrl": "x", "clientId": null, "isOAuth": false }));
    }

    #[test_case(json!({}), "[apiUrl]: expected value of type [string] but got [undefined]"; "missing")]
    #[test_case(json!({"apiUrl": 5}), "[apiUrl]: expected value of type [string] but got [number]"; "other type")]
    #[test_case(json!({"apiUrl": "  "}), "[apiUrl]: value '  ' is not valid: it must hold more than white space"; "blank")]
    #[test_case(json!({"apiUrl": "x", "url": ""}), "[url]: definition for this key is missing"; "unknown")]
    #[test_case(json!({"apiUrl": "x", "labels": ["abcd"]}), "[labels.0]: value has length [4] but it must have a maximum length of [3]."; "long")]
    #[test_case(json!({"apiUrl": "x", "labels": ["a", "b", "c"]}), "[labels]: array size is [3], but cannot be greater than [2]"; "many")]
    #[test_case(json!({"apiUrl": "x", "labels": null}), "[labels]: expected value of type [array] but got [null]"; "null where it may only be missing")]
    #[test_case(json!({"apiUrl": "x", "priority": "P9"}), "[priority]: expected one of [P1, P2] but got [P9]"; "choice")]
    #[test_case(json!({"apiUrl": "x", "more": 5}), "[more]: types that failed validation:\n- expected value of type [object] but got [number]\n- expected value of type [string] but got [number]"; "none of several")]
    #[test_case(json!([]), "expected value of type [object] but got [Array]"; "no object")]
    fn the_field_and_the_problem_are_named(value: Value, text: &str) {
        assert_eq!(check(&sample(), &value).unwrap_err().to_string(), text);
    }
}
