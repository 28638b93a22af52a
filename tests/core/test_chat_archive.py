"""Chats with an archive: pages back beyond memory and restarts, and what was not committed did not happen."""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rtwidgets.core import Hub
from rtwidgets.core.kinds import Author, Chat
from rtwidgets.core.kinds.chat import MAX_MESSAGES, MAX_PAGE_BYTES
from rtwidgets.protocol.chat import MAX_TEXT, PAGE

from .model_archive import AWAY, IN_DOUBT, ModelArchive
from .peers import Peer
from .test_archiving import answers, publish, start, subscribe

CHAT = "chat:desk"
DIRECT = "chat:desk#ann,bob"


def say(archive: ModelArchive, peer: Peer, *numbers: int, text: str = "x") -> None:
    publish(peer, CHAT, *({"type": "message", "id": f"m{number}", "text": text} for number in numbers))
    archive.work()
    assert not [reply for reply in answers(peer).values() if "error" in reply]


def ids(page: dict[str, Any]) -> list[str]:
    return [message["id"] for message in page["messages"]]


def everything(archive: ModelArchive, hub: Hub) -> list[dict[str, Any]]:
    """What a late joiner gets who pages back to the beginning."""
    peer = Peer(hub, "late").connect()
    page = subscribe(archive, peer, CHAT)["data"]
    found: list[dict[str, Any]] = page["messages"]
    while page["more"]:
        asked = {"channel": CHAT, "before": found[0]["id"], "limit": 70}
        page = peer.rpc_later(archive, "rtwidgets.messages", **asked)["rpc"]["data"]
        found = page["messages"] + found
    return found


def test_a_chat_goes_back_beyond_what_is_in_memory_and_over_restarts() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    numbers = range(MAX_MESSAGES + 2 * PAGE + 7)
    for at in range(0, len(numbers), 300):
        say(archive, ann, *numbers[at : at + 300])
    wanted = [f"m{number}" for number in numbers]
    assert [message["id"] for message in everything(archive, archive.hub)] == wanted
    hub = start(archive)
    assert [message["id"] for message in everything(archive, hub)] == wanted
    # What is only in the archive can't be changed any more.
    late = Peer(hub).connect()
    publish(late, CHAT, {"type": "edit", "id": "m0", "text": "new"})
    archive.work()
    assert "no message 'm0'" in answers(late)[100]["error"]["message"]


def test_all_that_a_message_has_is_there_after_a_restart() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    note = {"name": "halt", "state": "running"}
    publish(
        ann,
        CHAT,
        {"type": "message", "id": "a", "text": "hi", "label": "Prices"},
        {"type": "message", "id": "b", "text": "", "reply_to": "a", "command": note},
        {"type": "reaction", "id": "a", "emoji": "👍"},
        {"type": "message", "id": "c", "text": "gone"},
        {"type": "edit", "id": "b", "text": "half", "command": {**note, "fraction": 0.5}},
        {"type": "delete", "id": "c"},
    )
    archive.work()
    before = everything(archive, archive.hub)
    assert [message["id"] for message in before] == ["a", "b"]
    assert (before[0]["label"], before[0]["reactions"]) == ("Prices", {"👍": ["ann"]})
    assert before[1]["command"] == {"name": "halt", "state": "running", "fraction": 0.5}
    assert everything(archive, start(archive)) == before


def test_what_was_not_committed_did_not_happen() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    say(archive, ann, 1, 2, 3)
    before = everything(archive, archive.hub)
    publish(
        ann,
        CHAT,
        {"type": "delete", "id": "m2"},
        {"type": "message", "id": "m4", "text": "x"},
        {"type": "edit", "id": "m3", "text": "y"},
        {"type": "delete", "id": "m4"},
        {"type": "reaction", "id": "m1", "emoji": "👍"},
    )
    archive.begin()
    archive.end(AWAY)
    assert all(reply["error"]["temporary"] for reply in answers(ann).values())
    assert everything(archive, archive.hub) == before
    # The same again, and now for good.
    publish(ann, CHAT, {"type": "delete", "id": "m2"}, {"type": "message", "id": "m4", "text": "x"})
    archive.work()
    assert [message["id"] for message in everything(archive, archive.hub)] == ["m1", "m3", "m4"]


def test_a_batch_that_was_committed_after_all_is_taken_over() -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    say(archive, ann, 1, 2, 3)
    publish(ann, CHAT, {"type": "delete", "id": "m2"}, {"type": "message", "id": "m4", "text": "x"})
    archive.begin()
    archive.end(IN_DOUBT, keep=True)
    answers(ann)
    say(archive, ann, 5)
    assert [message["id"] for message in everything(archive, archive.hub)] == ["m1", "m3", "m4", "m5"]


def test_a_message_that_memory_has_no_room_for_by_the_end_of_its_batch_is_in_the_archive() -> None:
    chat = Chat(max_bytes=20_000)
    chat.journal()
    ann = Author("ann", "Ann")
    for number in range(9):
        data = msgspec.json.encode({"type": "message", "id": f"m{number}", "text": "x" * 4_000})
        chat.accept(data, number + 1, 1_000, ann)
    chat.accept(b'{"type":"delete","id":"m8"}', 10, 1_000, ann)
    changes = chat.changes()
    assert sorted(changes) == [b"m%d" % number for number in range(9)]
    assert [key for key, item in changes.items() if item is None] == [b"m8"]
    assert sorted(item.rank for item in changes.values() if item is not None) == list(range(1, 9))
    page = chat.page(None, 100)
    assert page is not None and page.more


def test_an_answer_of_the_archive_is_bounded_and_its_fault_is_told() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann = Peer(hub).connect()
    for number in range(40):
        say(archive, ann, number, text="ü" * MAX_TEXT)
    say(archive, ann, *range(100, 100 + MAX_MESSAGES))
    asked = {"channel": CHAT, "before": "m30", "limit": 100}
    page = ann.rpc_later(archive, "rtwidgets.messages", **asked)["rpc"]["data"]
    assert 0 < len(page["messages"]) <= MAX_PAGE_BYTES // MAX_TEXT and page["more"]
    assert ids(page)[-1] == "m29"
    ann.send({"id": 7, "rpc": {"method": "rtwidgets.messages", "data": asked}})
    archive.answer_lookups(AWAY)
    error = answers(ann)[7]["error"]
    assert (error["temporary"], error["message"]) == (True, "the archive is away")
    assert ann.connection.inbox.pending == 0
    unknown = ann.rpc_later(archive, "rtwidgets.messages", channel=CHAT, before="unknown")
    assert unknown["rpc"]["data"] == {"messages": [], "more": False}


def test_messages_are_asked_for_in_turn_with_what_is_being_committed() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    publish(ann, CHAT, {"type": "message", "id": "a", "text": "hi"})
    archive.answer_loads()
    archive.begin()
    bob.send({"id": 5, "rpc": {"method": "rtwidgets.messages", "data": {"channel": CHAT}}})
    assert bob.messages() == []
    archive.work()
    assert ids(answers(bob)[5]["rpc"]["data"]) == ["a"]


def test_users_are_told_of_what_was_committed_only_and_owners_moderate() -> None:
    archive = ModelArchive()
    hub = start(archive)
    ann, owner = Peer(hub, "ann", {"chat:*": frozenset(("publish",))}).connect(), Peer(hub, "olga").connect()
    bob = Peer(hub, "bob", {}).connect()
    publish(ann, DIRECT, {"type": "message", "id": "a", "text": "hi"})
    archive.answer_loads()
    archive.begin()
    archive.end(AWAY)
    notices = "event:rtwidgets.notices#bob"
    snapshot = {"data": {"rtwidgets": {"snapshot": True}}}
    assert subscribe(archive, bob, notices, **snapshot)["data"] == {"kind": "event", "until": 0}
    publish(ann, DIRECT, {"type": "message", "id": "a", "text": "hi"})
    archive.work()
    told = [message["push"]["pub"] for message in bob.messages() if "pub" in message.get("push", {})]
    assert [(note["info"]["user"], note["data"]["type"]) for note in told] == [("ann", "direct")]
    publish(ann, CHAT, {"type": "message", "id": "b", "text": "spam"})
    archive.work()
    publish(owner, CHAT, {"type": "delete", "id": "b"})
    archive.work()
    assert "error" not in answers(owner)[100]
    assert everything(archive, hub) == []


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32))
def test_a_restart_shows_what_was_acknowledged_whatever_fails(seed: int) -> None:
    random = Random(seed)
    archive = ModelArchive()
    hub = start(archive)
    peers = [Peer(hub, name).connect() for name in ("ann", "bob")]
    for _ in range(60):
        peer = random.choice(peers)
        form: dict[str, Any] = {"id": f"m{random.randrange(12)}"}
        match random.randrange(6):
            case 0 | 1:
                form |= {"type": "message", "text": "x"}
            case 2:
                form |= {"type": "append", "text": "+", "done": True}
            case 3:
                form |= {"type": "edit", "text": "y"}
            case 4:
                form |= {"type": "reaction", "emoji": random.choice("👍🎉"), "on": random.random() < 0.7}
            case _:
                form |= {"type": "delete"}
        publish(peer, CHAT, form)
        match random.randrange(8):
            case 0:
                archive.work()
            case 1:
                archive.answer_loads()
                archive.begin()
            case 2:
                archive.end(random.choice((None, AWAY)))
            case 3:
                archive.end(IN_DOUBT, keep=random.random() < 0.5)
            case 4:
                archive.answer_settles()
            case _:
                pass
    archive.work()
    before = everything(archive, archive.hub)
    assert everything(archive, start(archive)) == before


@pytest.mark.parametrize("limit", [-5, 0, 1])
def test_a_limit_is_at_least_one(limit: int) -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    say(archive, ann, *range(MAX_MESSAGES + 5))
    for before, found in (("m900", "m899"), ("m5", "m4")):
        asked = {"channel": CHAT, "before": before, "limit": limit}
        page = ann.rpc_later(archive, "rtwidgets.messages", **asked)["rpc"]["data"]
        assert (ids(page), page["more"]) == ([found], True)
