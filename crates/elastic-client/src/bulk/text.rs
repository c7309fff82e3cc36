//! The text of a bulk request, in one piece or several: a document of many megabytes is not copied to stand beside
//! others. Which document goes into which piece is decided in `body.rs`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};

/// Newline-delimited JSON.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct BulkText {
    pieces: Vec<Bytes>,
}

/// The place of a document in a [`BulkText`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub(super) piece: usize,
    pub(super) bytes: Range<usize>,
}

// It is content of documents, which does not belong into logs.
impl fmt::Debug for BulkText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("BulkText")
            .field("size_bytes", &self.len())
            .finish_non_exhaustive()
    }
}

impl BulkText {
    pub(super) fn new(pieces: Vec<Bytes>) -> Self {
        Self { pieces }
    }

    /// Bytes of all pieces.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.iter().map(Bytes::len).sum()
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The document at this place, without copying it. Panics when the place is of another text.
    #[must_use]
    pub fn document(&self, place: &Place) -> Bytes {
        self.pieces[place.piece].slice(place.bytes.clone())
    }

    /// Piece after piece.
    pub fn pieces(&self) -> impl Iterator<Item = &Bytes> {
        self.pieces.iter()
    }
}

/// Pieces as the body of a request whose length is known beforehand, as servers and proxies like it.
pub(crate) struct PieceBody {
    left: VecDeque<Bytes>,
}

impl PieceBody {
    pub(crate) fn new(pieces: impl IntoIterator<Item = Bytes>) -> Self {
        Self {
            left: pieces.into_iter().filter(|piece| !piece.is_empty()).collect(),
        }
    }
}

impl http_body::Body for PieceBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.left.pop_front().map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.iter().map(|piece| piece.len() as u64).sum())
    }
}
