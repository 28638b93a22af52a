"""Writers and readers of one chat who keep account of everything, for tests that break things meanwhile."""

from __future__ import annotations

import math
import threading
import time
from typing import Any, Protocol

import msgspec

from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.notices import Subscribed
from rtwidgets.client.sites import FixedSite
from rtwidgets.protocol.messages import NOTHING, ClientInfo, Error, Publication

from ..client.hub_process import token

CHANNEL = "chat:crowd"
TICK_S = 0.02
WARM_UP_S = 0.5


class HasUrl(Protocol):
    @property
    def url(self) -> str: ...


def hub_of(process: HasUrl, user: str) -> Hub:
    return Hub(FixedSite(parse_address(process.url), token(user)), name=user, buffer_bytes=16 << 20)


class Reader:
    """Follows the chat over everything that happens, and notes what it is shown."""

    def __init__(self, process: HasUrl, name: str, channel: str = CHANNEL) -> None:
        self.hub = hub_of(process, name)
        self.seen: dict[str, int] = {}
        self.repeats: list[str] = []
        self.gaps: list[tuple[int, int]] = []
        self.notices = 0
        self.back_at = 0.0
        self._offset: int | None = None
        self.hub._link.follow(channel, self, NOTHING)

    def on_subscribed(self, notice: Subscribed) -> None:
        self.back_at = time.monotonic()
        if notice.again and not notice.recovered:
            # It was told that it has lost something.
            self.notices += 1
            self._offset = None

    def on_publication(self, publication: Publication) -> None:
        message_id = str(msgspec.json.decode(publication.data)["id"])
        if message_id in self.seen:
            self.repeats.append(message_id)
        if self._offset is not None and publication.offset != self._offset + 1:
            self.gaps.append((self._offset, publication.offset))
        self._offset = self.seen[message_id] = publication.offset

    def on_membership(self, info: ClientInfo, joined: bool) -> None:
        pass

    def on_refused(self, error: Error) -> None:
        raise AssertionError(error)


class Writer:
    """Says something at a rate, whatever happens, and leaves it to the client to bring it to the hub."""

    def __init__(self, process: HasUrl, name: str, rate: float) -> None:
        self.hub = hub_of(process, name)
        self.said: list[str] = []
        self.faults: list[BaseException] = []
        self._chat = self.hub.chat(CHANNEL)
        self._rate = rate
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name)
        self._thread.start()

    def _run(self) -> None:
        start = time.monotonic()
        try:
            while not self._stopping.wait(TICK_S):
                due = math.floor((time.monotonic() - start) * self._rate)
                while len(self.said) < due:
                    self.said.append(self._chat.say(f"message {len(self.said)}"))
        except BaseException as fault:
            self.faults.append(fault)

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()


class Crowd:
    """Four writers that make a rate together, and five readers."""

    def __init__(self, process: HasUrl, rate: float = 1_000, writers: int = 4, readers: int = 5) -> None:
        self.readers = [Reader(process, f"reader{n}") for n in range(readers)]
        self.writers = [Writer(process, f"writer{n}", rate / writers) for n in range(writers)]
        time.sleep(WARM_UP_S)

    def wait_until_back(self, gone_at: float, ready_at: float, timeout_s: float = 20) -> list[float]:
        """Wait for all readers.

        Args:
            gone_at: When the hub went away.
            ready_at: When it was there again.

        Returns:
            How many seconds after that each of them was subscribed again.
        """
        deadline = time.monotonic() + timeout_s
        while not all(reader.back_at > gone_at for reader in self.readers):
            assert time.monotonic() < deadline, "a reader does not come back"
            time.sleep(0.01)
        return [max(0.0, reader.back_at - ready_at) for reader in self.readers]

    def finish(self) -> dict[str, Any]:
        """Let all that was said arrive, and say what became of it."""
        for writer in self.writers:
            writer.stop()
            assert writer.faults == []
        for writer in self.writers:
            assert writer.hub.flush(30), "the hub does not acknowledge all"
        said = {message_id for writer in self.writers for message_id in writer.said}
        deadline = time.monotonic() + 10
        for reader in self.readers:
            while not reader.notices and len(reader.seen) < len(said) and time.monotonic() < deadline:
                time.sleep(0.01)
        return {
            "said": said,
            "lost": [len(said - reader.seen.keys()) for reader in self.readers if not reader.notices],
            "repeats": [message for reader in self.readers for message in reader.repeats],
            "gaps": [gap for reader in self.readers for gap in reader.gaps],
            "notices": sum(reader.notices for reader in self.readers),
        }

    def close(self) -> None:
        for writer in self.writers:
            writer.stop()
        for hub in (*(reader.hub for reader in self.readers), *(writer.hub for writer in self.writers)):
            hub.close(timeout_s=1)
