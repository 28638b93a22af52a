"""Who did something is what the hub says: from the token, whatever the payload claims."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from ..client.hub_process import HubProcess
from .sockets import Line, open_line

CLAIM = {"user": "boss", "name": "The Boss", "client": "boss-1", "info": {"user": "boss"}, "author": "boss"}


def heard(line: Line, kind: str) -> dict[str, Any]:
    """Return the first push of this kind; members come and go meanwhile."""
    while True:
        while line.pushes:
            push = line.pushes.pop(0)
            if kind in push:
                found: dict[str, Any] = push[kind]
                return found
        line.receive()


def publish(line: Line, way: str, channel: str, data: dict[str, Any]) -> None:
    if way == "publish":
        reply = line.ask(publish={"channel": channel, "data": data, **CLAIM})
    else:
        item = {"channel": channel, "data": data, **CLAIM}
        batch = {"producer": uuid.uuid4().hex, "seq": 1, "items": [item], **CLAIM}
        reply = line.ask(rpc={"method": "rtwidgets.publish", "data": batch})
    assert "error" not in reply and "errors" not in str(reply), reply


@pytest.mark.parametrize("way", ["publish", "batch"])
def test_publisher_is_the_tokens_user(hub: HubProcess, way: str) -> None:
    channel = f"event:{uuid.uuid4().hex}"
    with open_line(hub, "ann") as ann, open_line(hub, "mallory") as mallory:
        ann.ask(subscribe={"channel": channel})
        publish(mallory, way, channel, {"text": "sell", **CLAIM})
        info = heard(ann, "pub")["info"]
        assert (info["user"], info["conn_info"]) == ("mallory", {"name": "Mallory"})
        history = ann.ask(history={"channel": channel, "limit": 1})["history"]["publications"]
        assert history[0]["info"]["user"] == "mallory"


@pytest.mark.parametrize("way", ["publish", "batch"])
def test_chat_author_is_the_tokens_user(hub: HubProcess, way: str) -> None:
    channel = f"chat:{uuid.uuid4().hex}"
    with open_line(hub, "ann") as ann, open_line(hub, "mallory") as mallory:
        ann.ask(subscribe={"channel": channel})
        said = {"type": "message", "id": "m1", "text": "pay me"}
        for name, claimed in CLAIM.items():
            forged = mallory.ask(publish={"channel": channel, "data": {**said, name: claimed}})
            assert "unknown field" in forged["error"]["message"]
        publish(mallory, way, channel, said)
        assert heard(ann, "pub")["info"]["user"] == "mallory"
        # Nor can somebody change what another said.
        edit = mallory.ask(publish={"channel": channel, "data": {"type": "message", "id": "a1", "text": "x"}})
        assert "error" not in edit
        refused = ann.ask(publish={"channel": channel, "data": {"type": "edit", "id": "m1", "text": "no"}})
        assert refused["error"]["code"] == 107
    with open_line(hub, "bob") as bob:
        first = bob.ask(subscribe={"channel": channel})["subscribe"]["data"]["messages"][0]
        assert (first["user"], first["name"], first["text"]) == ("mallory", "Mallory", "pay me")


def test_caller_of_a_command_is_the_tokens_user(hub: HubProcess) -> None:
    command = f"halt{uuid.uuid4().hex}"
    with open_line(hub, "ann") as handler, open_line(hub, "mallory") as mallory:
        handler.ask(rpc={"method": "rtwidgets.register", "data": {"commands": [{"name": command}]}})
        call = {"command": command, "args": {**CLAIM}, "caller": CLAIM, **CLAIM}
        mallory.socket.send(json_line(9, "rtwidgets.call", call))
        got = heard(handler, "message")["data"]["rtwidgets"]["call"]
        assert (got["caller"]["user"], got["caller"]["conn_info"]) == ("mallory", {"name": "Mallory"})
        # Only the handler's connection can answer it.
        answer = {"call": got["id"], "result": "forged"}
        mallory.socket.send(json_line(10, "rtwidgets.reply", answer))
        handler.ask(rpc={"method": "rtwidgets.reply", "data": {"call": got["id"], "result": "true"}})
        replies: list[dict[str, Any]] = []
        while not any(message.get("id") == 9 for message in replies):
            replies += mallory.receive()
        assert next(m for m in replies if m.get("id") == 9)["rpc"]["data"] == {"result": "true"}


def test_members_are_the_tokens_users(hub: HubProcess) -> None:
    channel = f"chat:{uuid.uuid4().hex}"
    with open_line(hub, "ann") as ann, open_line(hub, "mallory") as mallory:
        ann.ask(subscribe={"channel": channel})
        ann.pushes.clear()
        mallory.ask(subscribe={"channel": channel, "data": CLAIM, **CLAIM})
        assert heard(ann, "join")["info"]["user"] == "mallory"
        members = ann.ask(presence={"channel": channel})["presence"]["presence"].values()
        assert sorted(member["user"] for member in members) == ["ann", "mallory"]


def test_a_user_channel_takes_nobody_else(hub: HubProcess) -> None:
    with open_line(hub, "mallory") as mallory:
        for name in ("#ann", "desk#ann", "#ann,bob"):
            assert mallory.ask(subscribe={"channel": name})["error"]["code"] == 103
            assert mallory.ask(publish={"channel": name, "data": 1})["error"]["code"] == 103
            assert mallory.ask(history={"channel": name})["error"]["code"] == 103
            assert mallory.ask(presence={"channel": name})["error"]["code"] == 103


def json_line(request_id: int, method: str, data: dict[str, Any]) -> str:
    return json.dumps({"id": request_id, "rpc": {"method": method, "data": data}})
