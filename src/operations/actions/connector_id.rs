//! Which ids a connector can have.

use crate::operations::error::OperationError;

const LONGEST: usize = 36;

/// Refuses an id that no connector can have, in Kibana's words where it has any.
pub(super) fn check(id: &str) -> Result<(), OperationError> {
    let problem = if id.is_empty() {
        "Connector ID is required.".to_owned()
    } else if id.chars().count() > LONGEST {
        format!("Connector ID must be {LONGEST} characters or less.")
    } else if !id
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
    {
        "Connector ID must contain only letters, numbers, hyphens, underscores and dots.".to_owned()
    } else if id.chars().all(|c| c == '.') || id.starts_with('_') {
        "Connector ID must begin with a letter, a number or a hyphen.".to_owned()
    } else {
        return Ok(());
    };
    Err(OperationError::Invalid(problem))
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("ops-jira", true; "what Kibana takes now")]
    #[test_case("9d7a5a10-1f2b-4c3d-8e4f-5a6b7c8d9e0f", true; "a UUID, as Terraform makes it")]
    #[test_case("Ops_Jira.1", true; "what older versions took")]
    #[test_case("", false; "empty")]
    #[test_case("a/b", false; "a path")]
    #[test_case("..", false; "dots")]
    #[test_case("_execute", false; "a name of ours")]
    #[test_case("über", false; "beyond ASCII")]
    #[test_case("0123456789012345678901234567890123456", false; "too long")]
    fn ids_can_stand_in_paths(id: &str, expected: bool) {
        assert_eq!(check(id).is_ok(), expected);
    }
}
