"""WebSocket frames of a client, from bytes to messages. No I/O.

Source: RFC 6455, sections 5.2 to 5.6.
"""

from __future__ import annotations

import sys
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
        max_fragments: Most frames that one message may come in; 0 for no bound, as for the bytes.
    """

    def __init__(self, max_bytes: int, max_fragments: int) -> None:
        self._max_bytes = max_bytes or sys.maxsize
        self._max_fragments = max_fragments or sys.maxsize
        self._rest = bytearray()
        # Bytes that the frame at the start of the rest has in all, as far as they are known.
        self._wanted = 0
        self._fragments: list[bytes] = []
        self._fragments_bytes = 0
        self._opcode = 0

    def feed(self, data: bytes) -> tuple[list[bytes], list[Control]]:
        """Return what became complete: whole messages, and control frames. After a close frame nothing comes.

        Raises:
            FrameFault: If the client broke the rules; feed nothing more then.
        """
        messages: list[bytes] = []
        controls: list[Control] = []
        if self._rest:
            self._rest += data
            if len(self._rest) < self._wanted:
                return messages, controls
            data = bytes(self._rest)
            self._rest.clear()
        start, size, wanted, max_bytes = 0, len(data), 0, self._max_bytes
        while size - start >= 6:
            first, second = data[start], data[start + 1]
            if first & 0x70 or second < 0x80:
                raise FrameFault(PROTOCOL_ERROR, "reserved bits are set or the frame is not masked")
            if second < 0xFE:
                body, length = start + 6, second - 0x80
            else:
                body = start + (8 if second == 0xFE else 14)
                if body > size:
                    break
                length = data[start + 2] << 8 | data[start + 3]
                if second == 0xFF:
                    length = int.from_bytes(data[start + 2 : start + 10], "big")
            if length > max_bytes:
                raise FrameFault(TOO_BIG, f"a message has at most {self._max_bytes} bytes")
            end = body + length
            if end > size:
                wanted = end - start
                break
            payload = apply_mask(data[body:end], data[body - 4 : body])
            start = end
            # The whole text message in one frame is by far the most common.
            if first == 0x81 and not self._opcode:
                messages.append(payload)
            elif first & 0x08:
                controls.append(self._control(first, payload))
                if controls[-1].opcode == CLOSE:
                    return messages, controls
            elif (message := self._fragment(first, payload)) is not None:
                messages.append(message)
        if start < size:
            self._rest += data[start:]
            self._wanted = wanted
        return messages, controls

    def _control(self, first: int, payload: bytes) -> Control:
        opcode = first & 0x0F
        if opcode > PONG or not first & 0x80 or len(payload) > 125:
            raise FrameFault(PROTOCOL_ERROR, "a malformed control frame")
        return Control(opcode, payload)

    def _fragment(self, first: int, payload: bytes) -> bytes | None:
        """Take a data frame that is a part of a message, or binary; return the message when that is whole."""
        final, opcode = bool(first & 0x80), first & 0x0F
        if (opcode == 0) != bool(self._opcode) or opcode > BINARY:
            raise FrameFault(PROTOCOL_ERROR, "an unexpected frame")
        self._opcode = self._opcode or opcode
        self._fragments.append(payload)
        self._fragments_bytes += len(payload)
        if self._fragments_bytes > self._max_bytes:
            self._forget()
            raise FrameFault(TOO_BIG, f"a message has at most {self._max_bytes} bytes")
        if len(self._fragments) > self._max_fragments:
            self._forget()
            raise FrameFault(POLICY, f"a message comes in at most {self._max_fragments} fragments")
        if not final:
            return None
        message = b"".join(self._fragments)
        self._forget()
        return message

    def _forget(self) -> None:
        # After a fault too: until the peer has answered the close frame more of its bytes are looked at.
        self._fragments, self._fragments_bytes, self._opcode = [], 0, 0


def frame_head(length: int, opcode: int = TEXT) -> bytes:
    """Return the head of a server's whole frame of this many bytes."""
    first = 0x80 | opcode
    if length < 126:
        return bytes((first, length))
    if length < 65_536:
        return bytes((first, 126)) + length.to_bytes(2, "big")
    return bytes((first, 127)) + length.to_bytes(8, "big")
