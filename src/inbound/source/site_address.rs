//! The root of a Jira from whatever address somebody pasted into the field.
//!
//! Whether a Jira answers there is for the log-in to find out.

use jira_client::Edition;
use url::Url;

/// First parts of the paths that people see in their browser, below the root or the context path.
const PAGES: &[&str] = &["browse", "login.jsp", "rest", "secure"];
/// The same, when more follows: alone they may be a context path.
const PAGES_OR_ROOTS: &[&str] = &["dashboards", "issues", "plugins", "projects", "servicedesk"];
/// Pages of Cloud, whose words are context paths elsewhere.
const CLOUD_PAGES: &[&str] = &["jira", "people", "wiki"];

/// The root: without page, query, fragment or trailing slash. What is wrong with the text otherwise.
pub(super) fn site_address(text: &str, edition: Edition) -> Result<Url, String> {
    let text = text.trim();
    // `jira.example.com` and `example.atlassian.net/browse/A-1` are addresses for everybody but a URL parser.
    let looks_like_host = !text.contains("://") && text.split('/').next().is_some_and(|host| host.contains('.'));
    let whole = if looks_like_host {
        format!("https://{text}")
    } else {
        text.to_owned()
    };
    let mut url = Url::parse(&whole)
        .map_err(|error| format!("is not a URL ({error}); write it as https://example.atlassian.net"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err("must begin with https:// or http:// and name a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("holds a user name or password; put them into their own fields".to_owned());
    }
    let root = root_path(&url, edition);
    url.set_query(None);
    url.set_fragment(None);
    url.set_path(&root);
    Ok(url)
}

fn root_path(url: &Url, edition: Edition) -> String {
    let parts: Vec<&str> = url.path().split('/').filter(|part| !part.is_empty()).collect();
    if edition.is_cloud() {
        // Atlassian's sites have no context path; its gateway has one that names the site.
        if let ["ex", "jira", id, ..] = parts.as_slice() {
            return format!("/ex/jira/{id}");
        }
        if url.host_str().is_some_and(|host| host.ends_with(".atlassian.net")) {
            return "/".to_owned();
        }
    }
    let more_follows = |at: usize| at + 1 < parts.len() || url.query().is_some();
    let is_page = |at: usize, part: &str| {
        PAGES.contains(&part)
            || PAGES_OR_ROOTS.contains(&part) && more_follows(at)
            || edition.is_cloud() && CLOUD_PAGES.contains(&part)
    };
    let end = (0..parts.len())
        .find(|&at| is_page(at, parts[at]))
        .unwrap_or(parts.len());
    format!("/{}", parts[..end].join("/"))
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("https://example.atlassian.net" => "https://example.atlassian.net/"; "as it should be")]
    #[test_case("https://example.atlassian.net///" => "https://example.atlassian.net/"; "trailing slashes")]
    #[test_case(" example.atlassian.net " => "https://example.atlassian.net/"; "no scheme")]
    #[test_case("https://example.atlassian.net/browse/AB-1?focusedCommentId=1#c" => "https://example.atlassian.net/"; "an issue")]
    #[test_case("https://example.atlassian.net/jira/software/projects/AB/boards/1" => "https://example.atlassian.net/"; "a board")]
    #[test_case("https://api.atlassian.com/ex/jira/11-22/rest/api/3" => "https://api.atlassian.com/ex/jira/11-22"; "the gateway")]
    #[test_case("http://127.0.0.1:8080/" => "http://127.0.0.1:8080/"; "a port")]
    fn cloud(text: &str) -> String {
        site_address(text, Edition::Cloud).unwrap().to_string()
    }

    #[test_case("https://issues.example.com/jira/" => "https://issues.example.com/jira"; "context path")]
    #[test_case("https://issues.example.com/jira/browse/AB-1" => "https://issues.example.com/jira"; "an issue below a context path")]
    #[test_case("https://issues.example.com/projects/AB/issues" => "https://issues.example.com/"; "a project")]
    #[test_case("https://issues.example.com/secure/Dashboard.jspa?selectPageId=1" => "https://issues.example.com/"; "a dashboard")]
    #[test_case("https://example.com/tools/jira" => "https://example.com/tools/jira"; "a long context path")]
    #[test_case("https://example.com/issues/" => "https://example.com/issues"; "a page's word as context path")]
    #[test_case("https://example.com/issues/?jql=a" => "https://example.com/"; "a search")]
    #[test_case("https://tools.example.com/a/b" => "https://tools.example.com/a/b"; "any other path")]
    #[test_case("issues.example.com:8443/jira" => "https://issues.example.com:8443/jira"; "a port and no scheme")]
    fn data_center(text: &str) -> String {
        site_address(text, Edition::DataCenter).unwrap().to_string()
    }

    #[test_case("example"; "a word")]
    #[test_case("ftp://example.com"; "another protocol")]
    #[test_case("https://me:secret@example.com"; "a password")]
    fn refused(text: &str) {
        let problem = site_address(text, Edition::Cloud).unwrap_err();
        assert!(!problem.contains("secret"), "{problem}");
    }
}
