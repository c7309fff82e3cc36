//! Downloads attachments: redirects by hand, length checked, login forms told apart from files.
//!
//! Choosing what to download and extracting text is left to the callers; nothing is buffered here.

use bytes::Bytes;
use http_kit::{Admission, PauseScope};
use percent_encoding::utf8_percent_encode;
use reqwest::{Response, StatusCode};
use url::Url;

use crate::client::JiraClient;
use crate::dialect::PATH_SEGMENT;
use crate::error::{JiraError, RequestLine};
use crate::model::AttachmentRef;
use crate::transport::{EndpointClass, Failure, Request, Transport, content_type, reading_failed, redirect};

/// More redirects than these are a circle.
const MOST_HOPS: usize = 5;
const DATA_CENTER_ROOT: &str = "secure/attachment/";

/// The content of an attachment while it arrives.
pub struct Download {
    client: JiraClient,
    response: Response,
    /// Held to the end: a download counts until its last byte.
    _place: Admission,
    request: RequestLine,
    content_type: String,
    size: u64,
    received: u64,
    finished: bool,
}

impl std::fmt::Debug for Download {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The response knows the signed address of the content; it must not be shown.
        f.debug_struct("Download")
            .field("request", &self.request)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl Download {
    /// The next bytes; `None` once exactly as many as Jira announced have arrived.
    pub async fn next_chunk(&mut self) -> Result<Option<Bytes>, JiraError> {
        if self.finished {
            return Ok(None);
        }
        let transport = &self.client.transport;
        let read_timeout = transport.config.read_timeout;
        let chunk = self
            .response
            .chunk()
            .await
            .map_err(|error| reading_failed(error, &self.request, self.received, read_timeout))?;
        let Some(chunk) = chunk else {
            if self.received < self.size {
                return Err(JiraError::Truncated {
                    request: self.request.clone(),
                    received: self.received,
                    reason: format!("jira announced {} bytes", self.size),
                });
            }
            self.finished = true;
            return Ok(None);
        };
        transport.stats.received(EndpointClass::Attachment, chunk.len());
        self.received += chunk.len() as u64;
        if self.received > self.size {
            return Err(JiraError::TooLarge {
                request: self.request.clone(),
                limit: self.size,
            });
        }
        Ok(Some(chunk))
    }

    /// Content type in small letters without parameters, as the host of the content gave it; may be empty.
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Length in bytes according to the issue.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl JiraClient {
    /// Starts a download. The beginning is retried; when the stream breaks later, start again.
    ///
    /// `NotFound` when the file is missing in Jira's storage. The credential only goes to the host of `base_url`.
    pub async fn attachment(&self, attachment: &AttachmentRef) -> Result<Download, JiraError> {
        let request = Request::get(EndpointClass::Attachment, content_path(attachment, &self.transport));
        let line = self.transport.line(&request);
        let (response, place) = self
            .transport
            .with_retries(&request, || self.open(&request, &line, attachment))
            .await?;
        Ok(Download {
            client: self.clone(),
            content_type: content_type(response.headers()),
            response,
            _place: place,
            request: line,
            size: attachment.size,
            received: 0,
            finished: false,
        })
    }

    /// Follows redirects to the content.
    async fn open(
        &self,
        request: &Request,
        line: &RequestLine,
        attachment: &AttachmentRef,
    ) -> Result<(Response, Admission), Failure> {
        let base = &self.transport.config.base_url;
        let mut url = request.url(base);
        for _ in 0..=MOST_HOPS {
            let is_jira = redirect::same_origin(&url, base);
            let (mut response, place) = self.transport.answer_of_download(&url, is_jira, line).await?;
            let status = response.status();
            if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
                url = next_hop(&url, &response, line)?;
                continue;
            }
            if !status.is_success() {
                let line = if is_jira { line.clone() } else { media_line(line, &url) };
                let mut failure = self
                    .transport
                    .refused(EndpointClass::Attachment, &mut response, &line)
                    .await;
                if !is_jira && failure.slows.is_some() {
                    // Another host's limit is no reason to leave Jira alone.
                    failure.slows = Some(PauseScope::Class(EndpointClass::Attachment));
                }
                return Err(failure);
            }
            if is_jira {
                self.transport.proof.refuse_anonymous(response.headers(), line)?;
            }
            refuse_login_form(&response, line, attachment)?;
            return Ok((response, place));
        }
        Err(JiraError::UnsafeRedirect {
            request: line.clone(),
            target: redirect::shown(&url),
            reason: format!("it is the redirect number {}", MOST_HOPS + 1),
        }
        .into())
    }
}

/// Path of the content below the base URL.
fn content_path(attachment: &AttachmentRef, transport: &Transport) -> String {
    let id = utf8_percent_encode(&attachment.id, PATH_SEGMENT);
    if transport.config.edition.is_cloud() {
        return format!("rest/api/2/attachment/content/{id}");
    }
    // Only the path is taken over: the address inside Jira's answer may be one that only users can reach.
    let path = attachment
        .content_url
        .as_deref()
        .and_then(|url| Url::parse(url).ok())
        .filter(is_encoded)
        .map(|url| url.path().to_owned());
    if let Some(path) = &path
        && let Some(at) = path.find(DATA_CENTER_ROOT)
        && !path.contains("/../")
    {
        return path[at..].to_owned();
    }
    let name = utf8_percent_encode(&attachment.filename, PATH_SEGMENT);
    format!("{DATA_CENTER_ROOT}{id}/{name}")
}

/// Whether a file name in an address can be told from the rest of it: old versions leave `?`, `#` and `%` as they are.
fn is_encoded(url: &Url) -> bool {
    let mut escapes = url.path().split('%').skip(1);
    let whole = |escape: &str| escape.len() >= 2 && escape.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    url.query().is_none() && url.fragment().is_none() && escapes.all(whole)
}

/// Names the other host without the address there, which is signed.
fn media_line(line: &RequestLine, url: &Url) -> RequestLine {
    let path = format!("{} redirected to {}", line.path, url.host_str().unwrap_or_default());
    RequestLine {
        method: line.method,
        path,
    }
}

fn next_hop(from: &Url, response: &Response, line: &RequestLine) -> Result<Url, JiraError> {
    let to = redirect::target(from, response.headers(), line)?;
    if redirect::same_origin(from, &to) && redirect::leads_to_login(&to) {
        return Err(JiraError::LoginPage {
            request: line.clone(),
            detail: format!("redirected to {}", redirect::shown(&to)),
        });
    }
    let reason = match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => return Ok(to),
        (_, "http") => "it leads from https to http",
        _ => "it leads to neither http nor https",
    };
    Err(JiraError::UnsafeRedirect {
        request: line.clone(),
        target: redirect::shown(&to),
        reason: reason.to_owned(),
    })
}

/// A page of HTML instead of the file: Jira's login form comes with a 200 when a token is not taken for downloads.
fn refuse_login_form(response: &Response, line: &RequestLine, attachment: &AttachmentRef) -> Result<(), JiraError> {
    let name = attachment.filename.to_ascii_lowercase();
    let is_html_file = [".html", ".htm", ".xhtml"].iter().any(|end| name.ends_with(end));
    let right_length = response.content_length() == Some(attachment.size);
    if content_type(response.headers()).contains("html") && !is_html_file && !right_length {
        return Err(JiraError::LoginPage {
            request: line.clone(),
            detail: "text/html instead of the file".to_owned(),
        });
    }
    Ok(())
}
