//! The response body: the inner service's, or the few ready bytes of a refusal.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

pin_project! {
    /// The body of what our services answer: the inner service's own body, or the bytes of a refusal.
    ///
    /// ```
    /// use http_body::Body;
    /// use portcullis::response::ResponseBody;
    ///
    /// let refused: ResponseBody<axum::body::Body> = ResponseBody::from_bytes("no");
    /// assert_eq!(refused.size_hint().exact(), Some(2));
    /// ```
    #[derive(Debug)]
    pub struct ResponseBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = KindProjection]
    enum Kind<B> {
        Inner { #[pin] body: B },
        Ready { bytes: Option<Bytes> },
    }
}

impl<B> fmt::Debug for Kind<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Inner { .. } => "Inner",
            Self::Ready { .. } => "Ready",
        })
    }
}

impl<B> ResponseBody<B> {
    /// A body that is all there.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Self { kind: Kind::Ready { bytes: Some(bytes.into()).filter(|bytes| !bytes.is_empty()) } }
    }

    /// The inner service's body, passed through.
    pub const fn inner(body: B) -> Self {
        Self { kind: Kind::Inner { body } }
    }
}

/// No bytes at all. Layers outside that answer by themselves ask for this, such as the timeout of tower-http.
///
/// ```
/// use http_body::Body;
/// use portcullis::response::ResponseBody;
///
/// let nothing = ResponseBody::<axum::body::Body>::default();
/// assert_eq!(nothing.size_hint().exact(), Some(0));
/// assert!(nothing.is_end_stream());
/// ```
impl<B> Default for ResponseBody<B> {
    fn default() -> Self {
        Self::from_bytes(Bytes::new())
    }
}

impl<B: Body<Data = Bytes>> Body for ResponseBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            KindProjection::Inner { body } => body.poll_frame(cx),
            KindProjection::Ready { bytes } => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Ready { bytes } => bytes.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Ready { bytes } => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}
