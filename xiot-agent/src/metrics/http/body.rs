//! A body that is written while it is sent.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll},
};

use hyper::body::{Body, Bytes, Frame, SizeHint};

/// Pieces of text, of which some may not be written yet.
pub(super) struct Pieces {
    first: Option<Bytes>,
    rest: Option<Box<dyn Iterator<Item = String> + Send>>,
}

impl Pieces {
    /// A whole text.
    pub(super) fn whole(text: impl Into<Bytes>) -> Self {
        Self {
            first: Some(text.into()),
            rest: None,
        }
    }

    /// A text, and what follows when the client has taken it.
    pub(super) fn and(text: String, rest: impl Iterator<Item = String> + Send + 'static) -> Self {
        Self {
            first: Some(text.into()),
            rest: Some(Box::new(rest)),
        }
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let first = self.first.take();
        let piece = first.or_else(|| self.rest.as_mut()?.next().map(Bytes::from));
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece))))
    }

    fn is_end_stream(&self) -> bool {
        self.first.is_none() && self.rest.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let length = self.first.as_ref().map_or(0, Bytes::len) as u64;
        if self.rest.is_none() {
            return SizeHint::with_exact(length);
        }
        let mut hint = SizeHint::new();
        hint.set_lower(length);
        hint
    }
}
