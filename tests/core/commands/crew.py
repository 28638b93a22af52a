"""Handlers, callers and watchers of commands."""

from __future__ import annotations

from typing import Any

from rtwidgets.core import Hub
from rtwidgets.core.capabilities import Caps

from ..peers import Peer, publications

CALL = 77


def serve(hub: Hub, *names: str, schema: object = None) -> Peer:
    """Return a connection that serves commands."""
    handler = Peer(hub, "owner").connect()
    specs = [{"name": name, "title": name.title(), "schema": schema or {"type": "object"}} for name in names]
    assert handler.rpc("rtwidgets.register", commands=specs)["rpc"]["data"] == {}
    return handler


def told(peer: Peer, what: str) -> list[dict[str, Any]]:
    """Return what the hub has told a connection alone: calls, or cancels."""
    messages = [m["push"]["message"]["data"]["rtwidgets"] for m in peer.messages() if "push" in m]
    return [message[what] for message in messages if what in message]


def calls(peer: Peer) -> list[dict[str, Any]]:
    return told(peer, "call")


def call(peer: Peer, name: str, number: int = CALL, **data: Any) -> None:
    peer.send({"id": number, "rpc": {"method": "rtwidgets.call", "data": {"command": name, **data}}})


def answers(peer: Peer) -> dict[int, Any]:
    """Return what came for calls: the result, or the code of the error."""
    found: dict[int, Any] = {}
    for message in peer.messages():
        if message.get("id", 0) >= CALL:
            assert message["id"] not in found, "a call ends once"
            error = message.get("error")
            found[message["id"]] = error["code"] if error else message["rpc"]["data"]["result"]
    return found


def caller_of(hub: Hub, command: str, user: str = "ann") -> Peer:
    """Return somebody who may call one command and nothing else."""
    caps: Caps = {f"command:{command}": frozenset(("command",))}
    return Peer(hub, user, caps).connect()


class Watcher:
    """Sees the calls and the audit of a scope, from the first on."""

    def __init__(self, hub: Hub, scope: str = "") -> None:
        prefix = f"{scope}/" if scope else ""
        self._calls, self._audit = f"table:{prefix}rtwidgets.calls", f"event:{prefix}rtwidgets.audit"
        self._peer = Peer(hub, "watcher").connect()
        assert "error" not in self._peer.ask(subscribe={"channel": self._calls})
        assert "error" not in self._peer.ask(subscribe={"channel": self._audit})
        # Never before anybody else's now: a reader whose time went back would be served later.
        self._peer.now = 1e6
        self._rows: dict[str, dict[str, Any]] = {}
        self._entries: list[dict[str, Any]] = []
        # The row of each call that ever had one, as it was last.
        self.seen: dict[str, dict[str, Any]] = {}

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        """The rows by the id of their call."""
        self._look()
        return self._rows

    @property
    def audit(self) -> list[dict[str, Any]]:
        """All that the audit said."""
        self._look()
        return self._entries

    def _look(self) -> None:
        messages = self._peer.messages()
        self._entries += [publication["data"] for publication in publications(messages, self._audit)]
        for publication in publications(messages, self._calls):
            change = publication["data"]
            upsert = change.get("upsert", {})
            for cells in zip(*upsert.values(), strict=True):
                row = dict(zip(upsert, cells, strict=True))
                self._rows.setdefault(row["id"], {}).update(row)
                self.seen[row["id"]] = self._rows[row["id"]]
            for call_id in change.get("remove", []):
                del self._rows[call_id]
