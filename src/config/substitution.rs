//! `${VAR}`, `${VAR:-default}` and `$VAR` in the values of the file.
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
/// `$$` before a name or brace stands for a literal `$`. `:-` takes the default for an unset and for an empty variable,
/// as a shell does; `|` does so for an unset one, the form that files written for the Python service may carry. A bare
/// `$VAR` is replaced when that variable is set, as there; else it stays, because passwords may hold a `$`.
fn expand(text: &str, env: Lookup<'_>) -> Result<Option<String>, String> {
    if !text.contains('$') {
        return Ok(None);
    }
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('$') {
        expanded.push_str(&rest[..start]);
        let reference = &rest[start + 1..];
        if let Some(escaped) = reference.strip_prefix('$')
            && (escaped.starts_with('{') || !leading_name(escaped).is_empty())
        {
            let literal = if escaped.starts_with('{') { "${" } else { "$" };
            expanded.push_str(literal);
            rest = &escaped[literal.len() - 1..];
        } else if let Some(braced) = reference.strip_prefix('{') {
            let Some(end) = braced.find('}') else {
                return Err("has `${` without a closing `}`; write `$${` for a literal `${`".to_owned());
            };
            expanded.push_str(&resolve(&braced[..end], env)?);
            rest = &braced[end + 1..];
        } else {
            let name = leading_name(reference);
            match env(name).filter(|_| !name.is_empty()) {
                Some(value) => {
                    expanded.push_str(&value);
                    rest = &reference[name.len()..];
                }
                None => {
                    expanded.push('$');
                    rest = reference;
                }
            }
        }
    }
    expanded.push_str(rest);
    Ok(Some(expanded).filter(|expanded| expanded != text))
}

/// The variable name that a text begins with; empty when there is none.
fn leading_name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let name = &text[..end.unwrap_or(text.len())];
    if is_variable_name(name) { name } else { "" }
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
    #[test_case("http://$HOST:9200", "http://es:9200"; "a bare name that is set, as the Python service takes it")]
    #[test_case("$NONE", "$NONE"; "a bare name that is not set stays")]
    #[test_case("pa$$word$", "pa$word$"; "dollars of a password")]
    #[test_case("$$HOST", "$HOST"; "an escaped bare name")]
    #[test_case("5$ or $5", "5$ or $5"; "no name")]
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
