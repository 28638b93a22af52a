"""A hub and its clients without sockets: frames go in and out as bytes."""

from __future__ import annotations

from itertools import count
from typing import Any

import msgspec

from rtwidgets.core import Connection, Hub, HubRules, Limits, Namespace
from rtwidgets.core.capabilities import ALL_VERBS, Caps
from rtwidgets.core.rules import default_namespaces
from rtwidgets.core.tokens import Tokens

from .model_archive import ModelArchive
from .model_broker import ModelBroker, Port

SECRET = "a secret of thirty-two characters"
ALL: Caps = {"*": ALL_VERBS}


def make_hub(
    *,
    namespaces: dict[str, Namespace] | None = None,
    limits: Limits | None = None,
    anonymous: bool = False,
    user_channel: bool = False,
    archive: ModelArchive | None = None,
    broker: ModelBroker | None = None,
) -> Hub:
    # What an archive outlives has other ids in each life.
    store = broker or archive
    ids = count(1 if store is None else store.next_ids())
    rules = HubRules(
        namespaces={**default_namespaces(), **(namespaces or {})},
        limits=limits or Limits(),
        anonymous=anonymous,
        user_channel=user_channel,
        archive=archive is not None,
        shared=broker is not None,
    )
    hub = Hub(rules, Tokens(SECRET), hub_id="hub", version="1", make_id=lambda: f"id{next(ids)}", now=0.0)
    if archive is not None:
        archive.join(hub)
    return hub


class Peer:
    """A scripted client of a hub."""

    def __init__(self, hub: Hub, user: str = "ann", caps: Caps = ALL, *, owner: bool = False) -> None:
        self.hub = hub
        self.now = 1.0
        self.woken = 0
        self._ids = count(1)
        self.connection: Connection = hub.open(self._wake, self.now)
        self.token = Tokens(SECRET).mint(
            user=user, caps=caps, now=0.0, token_id="t", info={"name": user.title()}, owner=owner
        )

    def _wake(self) -> None:
        self.woken += 1

    def send(self, *commands: dict[str, Any]) -> None:
        self.connection.receive([b"\n".join(map(msgspec.json.encode, commands))], self.now)

    def messages(self, max_bytes: int = 1 << 20) -> list[dict[str, Any]]:
        """Take everything there is."""
        self.hub.flush(self.now)
        found: list[dict[str, Any]] = []
        while (frame := self.connection.take(max_bytes, self.now)) is not None:
            found += [msgspec.json.decode(line) for line in frame.split(b"\n")]
        return found

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send one request and return its reply; anything else that came is an error."""
        number = next(self._ids)
        self.send({"id": number, **request})
        replies = [message for message in self.messages() if message.get("id") == number]
        assert len(replies) == 1, replies
        return replies[0]

    def join(self, channel: str, **request: Any) -> list[dict[str, Any]]:
        """Subscribe and return what is still to come after the reply: the channel's past."""
        self.send({"id": next(self._ids), "subscribe": {"channel": channel, **request}})
        messages = self.messages()
        assert "subscribe" in messages[0], messages
        return publications(messages, channel)

    def rpc(self, method: str, **data: Any) -> dict[str, Any]:
        return self.ask(rpc={"method": method, "data": data})

    def rpc_later(self, archive: ModelArchive | Port, method: str, **data: Any) -> dict[str, Any]:
        """Call a method that is answered when the archive has done its work."""
        number = next(self._ids)
        self.send({"id": number, "rpc": {"method": method, "data": data}})
        archive.work()
        (reply,) = (message for message in self.messages() if message.get("id") == number)
        return reply

    def connect(self) -> Peer:
        reply = self.ask(connect={"token": self.token})
        assert "connect" in reply, reply
        return self


def publications(messages: list[dict[str, Any]], channel: str) -> list[dict[str, Any]]:
    pushes = [message["push"] for message in messages if "push" in message]
    return [push["pub"] for push in pushes if push.get("channel") == channel and "pub" in push]
