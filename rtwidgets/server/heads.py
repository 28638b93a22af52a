"""What a request's head says of its body, judged before anything of the body is read."""

from __future__ import annotations

from typing import NamedTuple

import h11

# The most of a head that is not whole yet; browsers' with many cookies are some kilobytes.
MAX_HEAD_BYTES = 16 * 1024


class BodyRefusal(NamedTuple):
    """Why a request's body is not read.

    Attributes:
        limit: What it counts as.
    """

    status: int
    limit: str
    message: str
    request: h11.Request


class Heads(h11.Connection):
    """A parser of requests that stops behind a head whose body is refused.

    A body may come in chunks of one byte, each of which is work, and the whole of what was read is parsed
    before the application hears of the request.

    Args:
        max_body_bytes: Most that a body may have; 0 for no bound.
    """

    def __init__(self, max_body_bytes: int) -> None:
        # One less: what is read has this much at a time, and may be the head's first part.
        super().__init__(h11.SERVER, MAX_HEAD_BYTES - 1)
        self._max_body_bytes = max_body_bytes
        self.refusal: BodyRefusal | None = None

    def next_event(self) -> h11.Event | type[h11.NEED_DATA] | type[h11.PAUSED]:
        """Return what came next; once a body was refused, nothing more."""
        if self.refusal is None:
            event = super().next_event()
            if isinstance(event, h11.Request):
                self.refusal = self._judge(event)
            if self.refusal is None:
                return event
        return h11.PAUSED

    def _judge(self, request: h11.Request) -> BodyRefusal | None:
        headers = dict(request.headers)  # h11 takes one of each of these, and of a length only digits
        if b"transfer-encoding" in headers:
            fault = "a body needs a Content-Length header; chunked ones are not read"
            return BodyRefusal(411, "chunked_bodies", fault, request)
        if 0 < self._max_body_bytes < int(headers.get(b"content-length", 0)):
            fault = "the body is larger than max_message_bytes"
            return BodyRefusal(413, "max_message_bytes", fault, request)
        return None
