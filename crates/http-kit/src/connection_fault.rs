//! Sorts the faults of a connection by what follows from them. Which setting cures them is said by each client.

use std::error::Error;
use std::io;

use rustls::{CertificateError, InvalidMessage};

/// Why a request could not be sent, or got no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectionFault {
    /// No connection in time. Nothing was sent.
    ConnectTimeout {
        /// What the library said.
        reason: String,
    },
    /// No connection: refused, unknown host, broken proxy. Nothing was sent.
    Connect {
        /// What the operating system said.
        reason: String,
    },
    /// The TLS handshake failed. Nothing was sent.
    Tls {
        /// What was wrong, as far as it can be told.
        cause: TlsCause,
        /// What the TLS library said.
        reason: String,
    },
    /// The request itself cannot be sent.
    Unsendable {
        /// Why.
        reason: String,
    },
    /// No answer in time. The server may have acted.
    AnswerTimeout,
    /// The connection broke after the request had begun to go out. The server may have acted.
    Interrupted {
        /// What the operating system said.
        reason: String,
    },
}

/// Why a handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsCause {
    /// Nobody who is trusted signed the certificate, and nobody named it.
    Untrusted,
    /// The certificate is for another name.
    WrongName,
    /// The certificate is over, or not yet valid.
    OutOfDate,
    /// The other side does not speak TLS at this port.
    NotTls,
    /// Anything else.
    Other,
}

impl ConnectionFault {
    /// Sorts an error of `send()`. Its address, which may hold a signature, does not get into the reason.
    pub fn of(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let (reason, connecting) = (reasons(&error), error.is_connect());
        if error.is_timeout() {
            return if connecting {
                Self::ConnectTimeout { reason }
            } else {
                Self::AnswerTimeout
            };
        }
        match tls_cause(&error) {
            Some(cause) if connecting => Self::Tls { cause, reason },
            _ if connecting => Self::Connect { reason },
            _ if error.is_builder() => Self::Unsendable { reason },
            _ => Self::Interrupted { reason },
        }
    }

    /// Whether the server may have got the request.
    pub fn may_have_acted(&self) -> bool {
        matches!(self, Self::AnswerTimeout | Self::Interrupted { .. })
    }
}

fn tls_cause(error: &reqwest::Error) -> Option<TlsCause> {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    let mut is_tls = false;
    while let Some(current) = next {
        if let Some(fault) = current.downcast_ref::<rustls::Error>() {
            return Some(cause_of(fault));
        }
        let io = current.downcast_ref::<io::Error>();
        // The TLS library reports its faults as I/O errors of this kind; the network never does.
        is_tls |= io.is_some_and(|fault| fault.kind() == io::ErrorKind::InvalidData);
        // An I/O error names the source of what it wraps as its own and leaves out what it wraps.
        next = match io.and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => current.source(),
        };
    }
    is_tls.then_some(TlsCause::Other)
}

fn cause_of(fault: &rustls::Error) -> TlsCause {
    use CertificateError as Certificate;
    match fault {
        rustls::Error::InvalidCertificate(fault) => match fault {
            Certificate::NotValidForName | Certificate::NotValidForNameContext { .. } => TlsCause::WrongName,
            Certificate::Expired
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYet
            | Certificate::NotValidYetContext { .. } => TlsCause::OutOfDate,
            _ => TlsCause::Untrusted,
        },
        rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType) => TlsCause::NotTls,
        _ => TlsCause::Other,
    }
}

/// The innermost reasons of an error; the outer layers only say that a request failed.
pub fn reasons(error: &dyn Error) -> String {
    let mut reasons = vec![error.to_string()];
    let mut next = error.source();
    while let Some(current) = next {
        let text = current.to_string();
        if reasons.last() != Some(&text) {
            reasons.push(text);
        }
        next = current.source();
    }
    // The client's own layers repeat that it was the client and that it was connecting.
    let innermost = reasons.split_off(reasons.len().saturating_sub(2));
    match innermost.as_slice() {
        [layer, reason] if layer.starts_with("client error") => reason.clone(),
        reasons => reasons.join(": "),
    }
}
