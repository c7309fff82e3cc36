//! `${VAR}` and `${VAR:-default}` in the values of the file.
//!
//! Works on values after parsing, so that a password may hold any character without breaking the YAML around it. It
//! does not read the environment itself: the caller passes a lookup.

use super::error::Problem;
use super::located::{Located, Node};

/// Looks a variable up; `None` when it is not set.
pub(super) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces every reference below `value`, noting what could not be replaced.
pub(super) fn substitute(value: &mut Located, key: &str, env: Lookup<'_>, problems: &mut Vec<Problem>) {
    let line = value.line;
    match &mut value.node {
        Node::Null => {}
        Node::Scalar(scalar) => match expand(&scalar.text, env) {
            Ok(None) => {}
            Ok(Some(text)) => scalar.written = Some(std::mem::replace(&mut scalar.text, text)),
            Err(detail) => problems.push(Problem {
                line,
                key: key.to_owned(),
                detail,
            }),
        },
        Node::List(items) => {
            for (position, item) in items.iter_mut().enumerate() {
                substitute(item, &format!("{key}[{position}]"), env, problems);
            }
        }
        Node::Map(entries) => {
            for (name, item) in entries {
                let path = if key.is_empty() {
                    name.name.clone()
                } else {
                    format!("{key}.{}", name.name)
                };
                substitute(item, &path, env, problems);
            }
        }
    }
}

/// The text with its references replaced; `None` when it has none.
///
/// `$${` stands for a literal `${`. `:-` takes the default for an unset and for an empty variable, as a shell does; `|`
/// does so for an unset one, the form that files written for the Python service may carry.
fn expand(text: &str, env: Lookup<'_>) -> Result<Option<String>, String> {
    if !text.contains("${") {
        return Ok(None);
    }
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, reference) = rest.split_at(start);
        let reference = &reference[2..];
        if let Some(before) = before.strip_suffix('$') {
            expanded.push_str(before);
            expanded.push_str("${");
            rest = reference;
            continue;
        }
        expanded.push_str(before);
        let Some(end) = reference.find('}') else {
            return Err("has `${` without a closing `}`; write `$${` for a literal `${`".to_owned());
        };
        expanded.push_str(&resolve(&reference[..end], env)?);
        rest = &reference[end + 1..];
    }
    expanded.push_str(rest);
    Ok(Some(expanded))
}

fn resolve(reference: &str, env: Lookup<'_>) -> Result<String, String> {
    let (name, default, empty_counts_as_unset) = if let Some((name, default)) = reference.split_once(":-") {
        (name, Some(default), true)
    } else if let Some((name, default)) = reference.split_once('|') {
        (name, Some(default), false)
    } else {
        (reference, None, false)
    };
    if !is_variable_name(name) {
        // Not quoted back: what stands here could be a part of a password.
        return Err(
            "has `${...}` around something that is no variable name; allowed are ${VAR} and \
                    ${VAR:-default}, and `$${` for a literal `${`"
                .to_owned(),
        );
    }
    match (env(name), default) {
        (Some(value), _) if !(value.is_empty() && empty_counts_as_unset) => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        _ => Err(format!(
            "refers to the environment variable {name}, which is not set; set it, or write \
                          ${{{name}:-default}}"
        )),
    }
}

fn is_variable_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::expand;

    fn env(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("es".to_owned()),
            "EMPTY" => Some(String::new()),
            "ODD" => Some("a: ${HOST} #".to_owned()),
            _ => None,
        }
    }

    #[test_case("plain", "plain"; "no reference")]
    #[test_case("http://${HOST}:9200", "http://es:9200"; "in the middle")]
    #[test_case("${HOST}${HOST}", "eses"; "twice")]
    #[test_case("${NONE:-x:y-z}", "x:y-z"; "default keeps colons and dashes")]
    #[test_case("${NONE:-}", ""; "empty default")]
    #[test_case("${EMPTY:-x}", "x"; "empty variable takes a shell default")]
    #[test_case("${EMPTY}", ""; "empty variable without default")]
    #[test_case("${EMPTY|x}", ""; "empty variable keeps its value with a bar")]
    #[test_case("${NONE|x}", "x"; "bar default")]
    #[test_case("a$${HOST}", "a${HOST}"; "escaped")]
    #[test_case("${ODD}", "a: ${HOST} #"; "a value is not expanded again")]
    #[test_case("$HOST", "$HOST"; "bare names stay")]
    fn expands(text: &str, expected: &str) {
        let expanded = expand(text, &env).unwrap().unwrap_or_else(|| text.to_owned());
        assert_eq!(expanded, expected);
    }

    #[test_case("${NONE}", "NONE, which is not set"; "unset")]
    #[test_case("${HOST", "without a closing"; "unclosed")]
    #[test_case("${}", "no variable name"; "empty name")]
    #[test_case("${a b}", "no variable name"; "blank in name")]
    #[test_case("${1A}", "no variable name"; "digit first")]
    fn refuses(text: &str, part: &str) {
        let detail = expand(text, &env).unwrap_err();
        assert!(detail.contains(part), "{detail}");
    }
}
