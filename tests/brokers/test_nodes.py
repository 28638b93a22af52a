"""Members, sessions, revocations, commands, demand: alike on one hub and on two that share a broker."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jwt
import pytest
from websockets.exceptions import ConnectionClosed

from ..client.hub_process import SECRET, HubProcess, token
from ..server.sockets import Line, bare_line, open_line
from .conftest import CONFIG, Pair
from .redis_server import RedisServer


def until(check: Callable[[], object], timeout_s: float = 10) -> Any:
    """Ask again until there is something: what one hub knows the other hears a moment later."""
    deadline = time.monotonic() + timeout_s
    while not (found := check()):
        assert time.monotonic() < deadline, "it never comes"
    return found


def rpc(line: Line, method: str, **data: object) -> dict[str, Any]:
    return line.ask(rpc={"method": f"rtwidgets.{method}", "data": data})


def messages(line: Line) -> list[dict[str, Any]]:
    return [push["message"]["data"]["rtwidgets"] for push in line.pushes if "message" in push]


def next_message(line: Line, what: str) -> dict[str, Any]:
    while not (found := [message[what] for message in messages(line) if what in message]):
        line.receive()
    return dict(found[-1])


def test_members_are_those_of_all_hubs(pair: Pair, name: str) -> None:
    channel = f"short:{name}"
    with open_line(pair.one) as ann:
        ann.ask(subscribe={"channel": channel})
        with open_line(pair.other, "bob") as bob:
            bob.ask(subscribe={"channel": channel})

            def users(line: Line) -> list[str]:
                members = line.ask(presence={"channel": channel})["presence"]["presence"].values()
                return sorted(member["user"] for member in members)

            until(lambda: users(ann) == ["ann", "bob"])
            until(lambda: users(bob) == ["ann", "bob"])
            stats = ann.ask(presence_stats={"channel": channel})["presence_stats"]
            assert stats == {"num_clients": 2, "num_users": 2}
            until(lambda: [p for p in ann.pushes if p.get("join", {}).get("info", {}).get("user") == "bob"])
        while not [p for p in ann.pushes if p.get("leave", {}).get("info", {}).get("user") == "bob"]:
            ann.receive()
        assert users(ann) == ["ann"]


def test_session_is_one(pair: Pair, name: str) -> None:
    session = name[:64]
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        assert rpc(ann, "session", session=session, title="Desk")["rpc"]["data"]["title"] == "Desk"
        found = until(
            lambda: [s for s in rpc(bob, "sessions")["rpc"]["data"]["sessions"] if s["name"] == session]
        )
        assert found[0]["owner"] == "ann"
        state = bob.ask(subscribe={"channel": f"value:{session}/rtwidgets.session"})["subscribe"]["data"]
        assert state["value"]["title"] == "Desk"
        assert "invite" in rpc(bob, "share", session=session, ttl_s=60)["rpc"]["data"]


def test_revocation_reaches_all_hubs(pair: Pair) -> None:
    text = token("eve", owner=False)
    jti = jwt.decode(text, SECRET, algorithms=["HS256"])["jti"]
    with bare_line(pair.other) as eve, open_line(pair.one) as ann:
        assert "connect" in eve.ask(connect={"token": text})
        rpc(ann, "revoke", jti=jti)
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                eve.receive(5)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 3500


def revoke(hub: HubProcess, user: str) -> tuple[int, str]:
    """Revoke with the API key; return the status and the body."""
    request = urllib.request.Request(
        f"{hub.url}/api/revoke", json.dumps({"user": user}).encode(), {"X-API-Key": "the api key"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_who_revokes_hears_when_the_other_hubs_can_not_know(
    own_redis: RedisServer, start_hubs: list[HubProcess], tmp_path: Path
) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        config = 'api_key = "the api key"\n' + CONFIG.format(broker=own_redis.url)
        start_hubs.append(HubProcess(tmp_path / name, config))
        start_hubs[-1].start()
    one, other = start_hubs
    with open_line(one) as ann, bare_line(other) as eve:
        assert revoke(one, "bob") == (200, '{"result":{"closed":0}}')
        assert "connect" in eve.ask(connect={"token": token("eve", owner=False)})
        own_redis.pause()  # it hangs: nothing has failed yet
        status, text = revoke(one, "eve")
        assert status == 500 and "revoked in this process; the others hear of it" in text
        error = rpc(ann, "revoke", user="cal")["error"]
        assert error["code"] == 100 and "the others hear of it" in error["message"]
        own_redis.resume()
        with pytest.raises(ConnectionClosed) as closed:
            while True:
                eve.receive(10)
        assert closed.value.rcvd is not None and closed.value.rcvd.code == 3500


def test_demand_is_that_of_all_hubs(pair: Pair, name: str) -> None:
    channel = f"stream:{name}"
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        assert rpc(ann, "demand", channel=channel)["rpc"]["data"]["subscribers"] == 0
        bob.ask(subscribe={"channel": channel, "data": {"rtwidgets": {"max_hz": 7}}})
        while not messages(ann) or messages(ann)[-1]["demand"]["subscribers"] != 1:
            ann.receive()
        assert messages(ann)[-1]["demand"] == {
            "channel": channel,
            "subscribers": 1,
            "visible": 1,
            "max_hz": 7,
        }
        bob.ask(unsubscribe={"channel": channel})
        while messages(ann)[-1]["demand"]["subscribers"] != 0:
            ann.receive()


def test_typing_is_shown_everywhere(pair: Pair, name: str) -> None:
    channel = f"chat:{name}"
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        bob.ask(subscribe={"channel": channel})
        rpc(ann, "typing", channel=channel)
        while not [p for p in bob.pushes if p.get("pub", {}).get("data") == {"type": "typing"}]:
            bob.receive()


def test_notice_reaches_its_user_everywhere(pair: Pair) -> None:
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        bob.ask(subscribe={"channel": "event:rtwidgets.notices#bob"})
        rpc(ann, "notify", text="hello", to="bob")
        while not [p for p in bob.pushes if p.get("pub", {}).get("data", {}).get("text") == "hello"]:
            bob.receive()


class Desk:
    """A handler at one hub and a caller at the other."""

    def __init__(self, handler: Line, caller: Line, command: str) -> None:
        self.handler, self.caller, self.command = handler, caller, command
        spec = {"name": command, "title": "Go", "schema": {"type": "object"}}
        assert "error" not in rpc(handler, "register", commands=[spec])
        scope = command.rpartition("/")[0]
        self.catalogue, self.calls = f"table:{scope}/rtwidgets.commands", f"table:{scope}/rtwidgets.calls"
        until(lambda: self.rows(self.catalogue))

    def rows(self, channel: str) -> dict[str, Any]:
        data = self.caller.ask(subscribe={"channel": channel})["subscribe"]["data"]
        self.caller.ask(unsubscribe={"channel": channel})
        rows: dict[str, Any] = data["rows"]
        return rows if any(rows.values()) else {}

    def call(self, **more: object) -> None:
        data = {"command": self.command, "args": {"n": 1}, "timeout_ms": 20_000, **more}
        call = {"id": 5_000, "rpc": {"method": "rtwidgets.call", "data": data}}
        self.caller.socket.send(json.dumps(call))
        self.id = str(next_message(self.handler, "call")["id"])

    def outcome(self) -> dict[str, Any]:
        while True:
            for message in self.caller.receive(20):
                if message.get("id") == 5_000:
                    return message


def test_call_is_carried_to_its_handler_and_back(pair: Pair, name: str) -> None:
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        desk = Desk(ann, bob, f"{name[:60]}/go")
        assert desk.rows(desk.catalogue)["handlers"] == [1]
        desk.call()
        call = next_message(ann, "call")
        assert call["args"] == {"n": 1} and call["caller"]["user"] == "bob"
        assert rpc(ann, "progress", call=desk.id, fraction=0.5, note="half")["rpc"]["data"] == {
            "state": "running"
        }
        until(lambda: desk.rows(desk.calls).get("note") == ["half"])
        assert "error" not in rpc(ann, "reply", call=desk.id, result=42)
        assert desk.outcome()["rpc"]["data"] == {"result": 42}


def test_call_is_cancelled_from_anywhere(pair: Pair, name: str) -> None:
    with open_line(pair.one) as ann, open_line(pair.other, "bob") as bob:
        desk = Desk(ann, bob, f"{name[:60]}/go")
        desk.call()
        rpc(ann, "progress", call=desk.id, fraction=0.1)

        def ask() -> bool:
            return bool(rpc(ann, "cancel", call=desk.id)["rpc"]["data"]["state"] == "cancelling")

        until(ask)
        assert next_message(ann, "cancel")["by"] == "Ann"
        rpc(ann, "reply", call=desk.id, cancelled=True)
        assert "cancelled by Ann" in desk.outcome()["error"]["message"]


def test_handler_that_ends_mid_way_leaves_the_outcome_unknown(pair: Pair, name: str) -> None:
    with open_line(pair.other, "bob") as bob:
        with open_line(pair.one) as ann:
            desk = Desk(ann, bob, f"{name[:60]}/go")
            desk.call()
        assert desk.outcome()["error"]["code"] == 1003
        until(lambda: not desk.rows(desk.catalogue))
