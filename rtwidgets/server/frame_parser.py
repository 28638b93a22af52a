"""WebSocket frames of a client, from bytes to messages. No I/O.

Source: RFC 6455, sections 5.2 to 5.6.
"""

from __future__ import annotations

from typing import NamedTuple

try:
    from websockets.speedups import apply_mask
except ImportError:  # built without its C extension
    from websockets.utils import apply_mask

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10

PROTOCOL_ERROR, POLICY, TOO_BIG = 1002, 1008, 1009


class FrameFault(Exception):
    """The client broke the rules of WebSocket frames.

    Args:
        code: The close code to answer with.
    """

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Control(NamedTuple):
    """A ping, pong or close frame."""

    opcode: int
    payload: bytes


class FrameParser:
    """Turn received bytes into messages.

    Args:
        max_bytes: Largest message, all its fragments together.
        max_fragments: Most frames that one message may come in.
    """

    def __init__(self, max_bytes: int, max_fragments: int) -> None:
        self._max_bytes = max_bytes
        self._max_fragments = max_fragments
        self._rest = bytearray()
        # Bytes that the frame at the start of the rest has in all, as far as they are known.
        self._wanted = 0
        self._fragments: list[bytes] = []
        self._fragments_bytes = 0
        self._opcode = 0

    def feed(self, data: bytes) -> list[bytes | Control]:
        """Return what became complete: messages as bytes, control frames as `Control`.

        Raises:
            FrameFault: If the client broke the rules; feed nothing more then.
        """
        found: list[bytes | Control] = []
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return found
            data = bytes(self._rest)
            self._rest.clear()
        start, size, wanted = 0, len(data), 0
        while size - start >= 6:
            first, second = data[start], data[start + 1]
            length = second & 0x7F
            head = start + 2
            if length > 125:
                width = 2 if length == 126 else 8
                if size - head < width + 4:
                    break
                length = int.from_bytes(data[head : head + width], "big")
                head += width
            if first & 0x70 or not second & 0x80:
                raise FrameFault(PROTOCOL_ERROR, "reserved bits are set or the frame is not masked")
            if length > self._max_bytes:
                raise FrameFault(TOO_BIG, f"a message has at most {self._max_bytes} bytes")
            end = head + 4 + length
            if end > size:
                wanted = end - start
                break
            payload = apply_mask(data[head + 4 : end], data[head : head + 4])
            start = end
            # The whole text message in one frame is by far the most common.
            if first == 0x81 and not self._opcode:
                found.append(payload)
            else:
                self._other(first, payload, found)
        if start < size:
            self._rest += data[start:]
            self._wanted = wanted
        return found

    def _other(self, first: int, payload: bytes, found: list[bytes | Control]) -> None:
        final, opcode = bool(first & 0x80), first & 0x0F
        if opcode >= CLOSE:
            if opcode > PONG or not final or len(payload) > 125:
                raise FrameFault(PROTOCOL_ERROR, "a malformed control frame")
            found.append(Control(opcode, payload))
            return
        if (opcode == 0) != bool(self._opcode) or opcode > BINARY:
            raise FrameFault(PROTOCOL_ERROR, "an unexpected frame")
        self._opcode = self._opcode or opcode
        self._fragments.append(payload)
        self._fragments_bytes += len(payload)
        if self._fragments_bytes > self._max_bytes:
            raise FrameFault(TOO_BIG, f"a message has at most {self._max_bytes} bytes")
        if len(self._fragments) > self._max_fragments:
            raise FrameFault(POLICY, f"a message comes in at most {self._max_fragments} fragments")
        if final:
            found.append(b"".join(self._fragments))
            self._fragments, self._fragments_bytes, self._opcode = [], 0, 0


def frame_head(length: int, opcode: int = TEXT) -> bytes:
    """Return the head of a server's whole frame of this many bytes."""
    first = 0x80 | opcode
    if length < 126:
        return bytes((first, length))
    if length < 65_536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")
