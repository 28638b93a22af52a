"""A reader that keeps account of all that a channel shows."""

from __future__ import annotations

import threading
from typing import Any

import msgspec
from msgspec import Raw

from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.notices import Subscribed
from rtwidgets.client.sites import FixedSite
from rtwidgets.protocol.messages import ClientInfo, Error, Publication

from ..client.hub_process import HubProcess, token


class Watcher:
    """Follows a channel over everything that happens; `seen` is the data of its publications, in order."""

    def __init__(self, process: HubProcess, channel: str) -> None:
        self.hub = Hub(FixedSite(parse_address(process.url), token()), name="watcher", buffer_bytes=1 << 20)
        self.seen: list[Any] = []
        self._there = threading.Event()
        self.hub._link.follow(channel, self, Raw(b'{"rtwidgets":{"snapshot":true}}'))
        assert self._there.wait(10), f"no subscription to {channel}"

    def column(self, name: str) -> list[Any]:
        """The cells of a column, of all publications of a stream."""
        return [cell for data in list(self.seen) for cell in data[name]]

    def on_subscribed(self, notice: Subscribed) -> None:
        # After a restart of the hub: what came before we were there again.
        if not notice.recovered:
            snapshot = msgspec.json.decode(bytes(notice.snapshot) or b"{}")
            self.seen += snapshot.get("batches", [])
            self.seen += [item["data"] for item in snapshot.get("publications", [])]
        self._there.set()

    def on_publication(self, publication: Publication) -> None:
        self.seen.append(msgspec.json.decode(publication.data))

    def on_membership(self, info: ClientInfo, joined: bool) -> None:
        pass

    def on_refused(self, error: Error) -> None:
        raise AssertionError(error)

    def close(self) -> None:
        self.hub.close(timeout_s=1)
