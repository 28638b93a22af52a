"""WebSocket, client side, at byte level: the handshake and masked frames."""

from __future__ import annotations

import socket
import struct

TEXT = 0x1
BINARY = 0x2
PONG = 0xA

# A zero key leaves the bytes as they are: masking is for proxies, and its cost is not what is measured.
# The receiving server unmasks as always.
_MASK_KEY = b"\0\0\0\0"


class HandshakeError(Exception):
    """The server did not accept the WebSocket."""


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """Return a client frame."""
    size = len(payload)
    if size < 126:
        head = struct.pack("!BB", 0x80 | opcode, 0x80 | size)
    elif size < 65_536:
        head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, size)
    return b"".join((head, _MASK_KEY, payload))


def connect(port: int, path: str) -> tuple[socket.socket, bytes]:
    """Open a WebSocket and return its socket, still blocking, and the bytes that followed the handshake.

    Raises:
        HandshakeError: If the server answers with anything but 101.
    """
    sock = socket.create_connection(("127.0.0.1", port), 30)
    try:
        return sock, _shake_hands(sock, port, path)
    except BaseException:
        sock.close()
        raise


def _shake_hands(sock: socket.socket, port: int, path: str) -> bytes:
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = (
        f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: cnR3aWRnZXRzLWJlbmNoIQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    sock.sendall(request.encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        piece = sock.recv(65_536)
        if not piece:
            raise HandshakeError(f"port {port} closed the connection during the handshake")
        answer += piece
    head, _, rest = answer.partition(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n")[0]:
        raise HandshakeError(f"port {port} answered {answer[:200].decode(errors='replace')!r}")
    return rest
