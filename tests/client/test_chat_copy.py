"""Every copy of a chat ends with the hub's own messages, whenever it joined and whatever it missed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, rule

from rtwidgets.client.chat_copy import ChatCopy
from rtwidgets.core import Namespace
from rtwidgets.core.capabilities import Caps
from rtwidgets.core.kinds import Chat
from rtwidgets.protocol.chat import ChatMessage, Page
from rtwidgets.protocol.messages import ClientInfo, Publication

from ..core.peers import Peer, make_hub

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/chat.json").read_text())
CHANNEL = "chat:desk"
USERS = ("ann", "bob", "olga")
TALK: Caps = {"*": frozenset(("subscribe", "publish", "history"))}
IDS = st.integers(0, 11).map(lambda number: f"m{number}")


def as_json(messages: list[ChatMessage]) -> Any:
    return msgspec.to_builtins(messages)


def publication(said: dict[str, Any]) -> Publication:
    named = {"conn_info": msgspec.Raw(json.dumps({"name": said["name"]}).encode())} if said["name"] else {}
    info = ClientInfo(user=said["user"], client="c", **named)
    return Publication(msgspec.Raw(json.dumps(said["data"]).encode()), info, 1, said["time"])


@pytest.mark.parametrize("case", GOLDEN["folds"], ids=lambda case: case["name"])
def test_forms_leave_the_messages_that_every_copy_has(case: dict[str, Any]) -> None:
    copy = ChatCopy()
    for said in case["publications"]:
        copy.apply(publication(said))
        # What a connection brings twice changes nothing.
        if said["data"]["type"] in ("message", "reaction", "delete"):
            copy.apply(publication(said))
    assert as_json(list(copy.messages)) == case["messages"]


def test_forms_of_a_newer_hub_are_left_out() -> None:
    copy = ChatCopy()
    said = {"user": "ann", "name": "Ann", "time": 1}
    copy.apply(publication({**said, "data": {"type": "message", "id": "a", "text": "hi", "mood": 3}}))
    copy.apply(publication({**said, "data": {"type": "shout", "id": "a", "text": "HI"}}))
    copy.apply(publication({**said, "data": {"type": "typing"}}))
    assert [message.text for message in copy.messages] == ["hi"]


def test_an_id_that_is_used_again_takes_nothing_from_the_message_that_had_it() -> None:
    copy = ChatCopy()
    ann, eve = ({"user": user, "name": user.title(), "time": 1} for user in ("ann", "eve"))
    copy.apply(publication({**ann, "data": {"type": "message", "id": "a", "text": "hi"}}))
    before = as_json(list(copy.messages))
    # The hub has let go of the first one by then.
    for data in ({"type": "message", "text": "no"}, {"type": "edit", "text": "no"}, {"type": "delete"}):
        copy.apply(publication({**eve, "data": {"id": "a", **data}}))
    assert as_json(list(copy.messages)) == before


class Reader:
    """A client that subscribes, loses its connection, comes back from where it stood, and pages back."""

    def __init__(self, chats: Chats) -> None:
        self.chats = chats
        self.copy = ChatCopy()
        self.position: tuple[str, int] | None = None
        self.peer: Peer | None = None

    def join(self) -> None:
        if self.peer is not None:
            return
        self.peer = Peer(self.chats.hub, "reader").connect()
        request: dict[str, Any] = {"channel": CHANNEL}
        if self.position is not None:
            request |= {"recover": True, "epoch": self.position[0], "offset": self.position[1]}
        result = self.peer.ask(subscribe=request)["subscribe"]
        self.position = (result["epoch"], result.get("offset", 0))
        if result.get("recovered"):
            self.take(result.get("publications", []))
        else:
            self.copy.reset(msgspec.convert(result["data"], Page))

    def read(self) -> None:
        if self.peer is not None:
            messages = self.peer.messages()
            assert not any("unsubscribe" in message.get("push", {}) for message in messages)
            self.take([message["push"]["pub"] for message in messages if "pub" in message.get("push", {})])

    def take(self, publications: list[dict[str, Any]]) -> None:
        for data in publications:
            assert self.position is not None
            self.position = (self.position[0], data["offset"])
            self.copy.apply(msgspec.json.decode(json.dumps(data), type=Publication))

    def lose(self) -> None:
        if self.peer is not None:
            self.peer.connection.end(self.peer.now)
            self.peer = None

    def everything(self) -> list[ChatMessage]:
        """What is in the copy, and before it what the hub still gives."""
        assert self.peer is not None
        messages, more = list(self.copy.messages), self.copy.more
        while more:
            asked = {"channel": CHANNEL, "before": messages[0].id if messages else None, "limit": 3}
            page = msgspec.convert(self.peer.rpc("rtwidgets.messages", **asked)["rpc"]["data"], Page)
            messages[:0] = page.messages
            more = page.more
        return messages


class Chats(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.hub = make_hub(namespaces={"chat": Namespace("chat", history_size=20, recover=True)})
        self.writers = {name: Peer(self.hub, name, TALK).connect() for name in ("ann", "bob")}
        self.writers["olga"] = Peer(self.hub, "olga").connect()
        self.readers = [Reader(self) for _ in range(3)]

    def publish(self, user: str, **form: Any) -> None:
        self.writers[user].ask(publish={"channel": CHANNEL, "data": form})

    @rule(
        user=st.sampled_from(USERS), id=IDS, text=st.text(max_size=5), open=st.booleans(), more=st.booleans()
    )
    def say(self, user: str, id: str, text: str, open: bool, more: bool) -> None:
        about = {"reply_to": "m0", "label": "bot", "command": {"name": "halt", "state": "running"}}
        self.publish(user, type="message", id=id, text=text, open=open, **(about if more else {}))

    @rule(user=st.sampled_from(USERS), id=IDS, text=st.text(max_size=5), done=st.booleans())
    def append(self, user: str, id: str, text: str, done: bool) -> None:
        self.publish(user, type="append", id=id, text=text, done=done)

    @rule(user=st.sampled_from(USERS), id=IDS, text=st.text(max_size=5), about=st.booleans())
    def edit(self, user: str, id: str, text: str, about: bool) -> None:
        command = {"command": {"name": "halt", "state": "done"}} if about else {}
        self.publish(user, type="edit", id=id, text=text, **command)

    @rule(user=st.sampled_from(USERS), id=IDS)
    def delete(self, user: str, id: str) -> None:
        self.publish(user, type="delete", id=id)

    @rule(user=st.sampled_from(USERS), id=IDS, emoji=st.sampled_from("👍🎉"), on=st.booleans())
    def react(self, user: str, id: str, emoji: str, on: bool) -> None:
        self.publish(user, type="reaction", id=id, emoji=emoji, on=on)

    @rule(count=st.sampled_from([5, 30, 120]))
    def say_much(self, count: int) -> None:
        said = [{"type": "message", "id": self.hub.make_id(), "text": "x"} for _ in range(count)]
        ann = self.writers["ann"]
        ann.send(*({"id": 1, "publish": {"channel": CHANNEL, "data": data}} for data in said))
        ann.messages()

    @rule(reader=st.integers(0, 2))
    def join(self, reader: int) -> None:
        self.readers[reader].join()

    @rule(reader=st.integers(0, 2))
    def read(self, reader: int) -> None:
        self.readers[reader].read()

    @rule(reader=st.integers(0, 2))
    def lose(self, reader: int) -> None:
        self.readers[reader].lose()

    def teardown(self) -> None:
        chat = self.hub.channel(CHANNEL).kind
        assert isinstance(chat, Chat)
        for reader in self.readers:
            reader.join()
            reader.read()
            assert as_json(reader.everything()) == as_json(list(chat.messages))


TestChats = Chats.TestCase
TestChats.settings = settings(max_examples=30, stateful_step_count=30)
