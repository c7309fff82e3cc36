//! Whether a request may be sent a second time. When it is sent again is decided in `tries`.

/// Every request of every client says one of these. Nothing is sent twice unless this allows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Sending it twice ends in the same state as sending it once: questions, and writes under a name of their own.
    Idempotent,
    /// Sending it twice could act twice, or hide that the first one acted. It is sent again only when the server surely
    /// did not act; otherwise the caller has to look what became of it.
    OnlyIfNotCarriedOut,
    /// One try, whatever happens.
    Never,
}
