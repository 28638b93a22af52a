"""The relay's rules: what waits for which page, in which bundles it leaves, and who has to wait."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias

Event: TypeAlias = dict[str, object]

MAX_UNACKED_BYTES = 8 * 1024 * 1024
# Ten seconds of bundles at the relay's pace.
MAX_UNACKED_BUNDLES = 300
MAX_SILENCE_S = 60.0
# A bundle is one message of the kernel; a larger one would block the messages behind it for too long.
MAX_BUNDLE_BYTES = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bundle:
    """What leaves in one comm message: ``events[i]["buffer"]`` is an index into ``buffers``."""

    seq: int
    events: list[Event]
    buffers: list[bytes]


@dataclass(slots=True)
class _Frames:
    """Frames of one connection that wait, to be joined by newlines."""

    page: str
    conn: str
    lines: list[str] = field(default_factory=list)
    size: int = 0


@dataclass(slots=True)
class _Page:
    heard: float
    waiting_bytes: int = 0
    unacked_bytes: int = 0
    unacked: deque[tuple[int, int]] = field(default_factory=deque)


class Bundles:
    """Everything that waits for the pages of one relay, and the credit of each page."""

    def __init__(self) -> None:
        self._pages: dict[str, _Page] = {}
        self._waiting: deque[Event | _Frames] = deque()
        # The entry of each connection that more frames may join.
        self._open: dict[tuple[str, str], _Frames] = {}
        self._seq = 0

    @property
    def pages(self) -> list[str]:
        """Pages that said hello and are still there."""
        return list(self._pages)

    @property
    def waiting(self) -> bool:
        """Whether there is something for the next bundle."""
        return bool(self._waiting)

    def hello(self, page: str, now: float) -> None:
        """Take in a page, or notice that it is still there."""
        self._pages.setdefault(page, _Page(now)).heard = now

    def heard(self, page: str, now: float) -> bool:
        """Notice a message of a page; False if the page is not known."""
        known = self._pages.get(page)
        if known is None:
            return False
        known.heard = now
        return True

    def forget(self, page: str) -> None:
        """Drop a page and all that waits for it."""
        self._pages.pop(page, None)
        self._waiting = deque(item for item in self._waiting if _page_of(item) != page)
        self._open = {key: item for key, item in self._open.items() if key[0] != page}

    def add_event(self, page: str, event: Event) -> None:
        """Queue an event; it stays behind the frames that were there before."""
        self._waiting.append({**event, "page": page})
        conn = event.get("conn")
        if isinstance(conn, str):
            self._open.pop((page, conn), None)

    def add_frame(self, page: str, conn: str, frame: str) -> None:
        """Queue a frame; frames of one connection that wait together leave as one."""
        item = self._open.get((page, conn))
        if item is None:
            item = self._open[page, conn] = _Frames(page, conn)
            self._waiting.append(item)
        item.lines.append(frame)
        item.size += len(frame)
        known = self._pages.get(page)
        if known is not None:
            known.waiting_bytes += len(frame)

    def take(self) -> Bundle | None:
        """Return the next bundle, or None when nothing waits."""
        if not self._waiting:
            return None
        self._seq += 1
        bundle = Bundle(self._seq, [], [])
        sizes: dict[str, int] = {}
        total = 0
        while self._waiting and total < MAX_BUNDLE_BYTES:
            item = self._waiting.popleft()
            page = _page_of(item)
            sizes.setdefault(page, 0)
            if isinstance(item, _Frames):
                self._open.pop((page, item.conn), None)
                event: Event = {
                    "type": "frames",
                    "page": page,
                    "conn": item.conn,
                    "buffer": len(bundle.buffers),
                }
                bundle.events.append(event)
                bundle.buffers.append("\n".join(item.lines).encode())
                sizes[page] += item.size
                total += item.size
            else:
                bundle.events.append(item)
        for page, size in sizes.items():
            known = self._pages.get(page)
            if known is not None:
                known.waiting_bytes -= size
                known.unacked_bytes += size
                known.unacked.append((bundle.seq, size))
        return bundle

    def ack(self, page: str, seq: int) -> None:
        """The page has taken every bundle up to ``seq``."""
        known = self._pages.get(page)
        while known is not None and known.unacked and known.unacked[0][0] <= seq:
            known.unacked_bytes -= known.unacked.popleft()[1]

    def may_read(self, page: str) -> bool:
        """Whether the page's sockets to the hub may be read, or the page must catch up first."""
        known = self._pages.get(page)
        return known is not None and (
            known.waiting_bytes + known.unacked_bytes < MAX_UNACKED_BYTES
            and len(known.unacked) < MAX_UNACKED_BUNDLES
        )

    def silent(self, now: float) -> list[str]:
        """Pages that have not been heard of for too long while they owe an acknowledgement."""
        return [
            page for page, known in self._pages.items() if known.unacked and now - known.heard > MAX_SILENCE_S
        ]


def _page_of(item: Event | _Frames) -> str:
    return item.page if isinstance(item, _Frames) else str(item["page"])
