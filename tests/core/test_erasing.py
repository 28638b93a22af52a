"""What a deleted message said is in no publication any more, and their offsets stay."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rtwidgets.core import Hub
from rtwidgets.core.erasing import Sayings, erased
from rtwidgets.core.log import ChannelLog

from .model_archive import ModelArchive
from .peers import Peer, make_hub, publications
from .test_archiving import publish, start

CHAT = "chat:desk"
SAID: list[dict[str, Any]] = [
    {"type": "message", "id": "a", "text": "stays"},
    {"type": "message", "id": "b", "text": "secret", "open": True},
    {"type": "append", "id": "b", "text": " secret", "done": True},
    {"type": "reaction", "id": "b", "emoji": "+"},
    {"type": "edit", "id": "b", "text": "another secret"},
    {"type": "message", "id": "c", "text": "b", "reply_to": "b"},
]
GONE = {"type": "delete", "id": "b"}
LEFT = [SAID[0], GONE, GONE, SAID[3], GONE, SAID[5], GONE]


def sees(hub: Hub, after: int | None = None) -> list[Any]:
    """What history shows, or who comes back after an offset."""
    peer = Peer(hub, "late").connect()
    if after is None:
        found = peer.ask(history={"channel": CHAT, "limit": -1})["history"]
    else:
        epoch = peer.ask(history={"channel": CHAT})["history"]["epoch"]
        found = peer.ask(subscribe={"channel": CHAT, "recover": True, "offset": after, "epoch": epoch})[
            "subscribe"
        ]
        assert found["recovered"]
    first = found["offset"] - len(found["publications"]) + 1
    assert [pub["offset"] for pub in found["publications"]] == list(range(first, found["offset"] + 1))
    return [pub["data"] for pub in found["publications"]]


def test_nobody_gets_what_a_deleted_message_said() -> None:
    hub = make_hub()
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    bob.ask(subscribe={"channel": CHAT})
    for form in SAID:
        ann.ask(publish={"channel": CHAT, "data": form})
    ann.ask(publish={"channel": CHAT, "data": GONE})
    assert sees(hub) == LEFT
    assert sees(hub, 1) == LEFT[1:]
    log = hub.channels[CHAT].log
    assert log.size == sum(map(len, log.lines_of(log.publications(1, log.top + 1))))
    # Who had not taken it yet does not get it either; and what comes then comes behind it.
    ann.ask(publish={"channel": CHAT, "data": {"type": "message", "id": "d", "text": "more"}})
    got = publications(bob.messages(), CHAT)
    assert [pub["data"] for pub in got] == [*LEFT, {"type": "message", "id": "d", "text": "more"}]
    assert [pub["offset"] for pub in got] == list(range(1, 9))


@pytest.mark.parametrize("apart", [True, False])
def test_an_archived_chat_has_it_no_more_once_the_deletion_is_committed(apart: bool) -> None:
    archive = ModelArchive()
    ann = Peer(start(archive)).connect()
    if apart:
        publish(ann, CHAT, *SAID)
        archive.work()
        publish(ann, CHAT, GONE)
    else:
        publish(ann, CHAT, *SAID, GONE)
    archive.work()
    kept = archive.channels[CHAT].publications
    assert [msgspec.json.decode(data)["data"] for _, data in kept] == LEFT
    assert [msgspec.json.decode(data)["offset"] for _, data in kept] == list(range(1, 8))
    log = archive.hub.channels[CHAT].log
    assert [msgspec.json.decode(data)["data"] for data in log.publications(1, 8)] == LEFT


@pytest.mark.parametrize(
    "form",
    [b'{"type":"message", "id" : "b","text":"secret"}', b'{"type":"message","id":"\\u0062","text":"secret"}'],
)
def test_a_message_is_found_however_its_id_is_written(form: bytes) -> None:
    hub = make_hub()
    ann = Peer(hub).connect()
    ann.send({"id": 9, "publish": {"channel": CHAT, "data": msgspec.Raw(form)}})
    ann.ask(publish={"channel": CHAT, "data": GONE})
    assert sees(hub) == [GONE, GONE]


def test_other_messages_stay_as_they_are() -> None:
    for data in (
        b'{"type":"message","id":"a","text":"x"}',
        b'{"type":"delete","id":"b"}',
        b'{"type":"message","id":"a","text":"\\"id\\":\\"b\\"","reply_to":"b"}',
    ):
        assert erased(b'{"data":' + data + b',"offset":3}', ("b",)) is None
    publication = b'{"data":{"type":"message","id":"b","text":"x"},"info":{"user":"ann"},"offset":3,"time":5}'
    assert erased(publication, ("b",)) == (
        b'{"data":{"type":"delete","id":"b"},"info":{"user":"ann"},"offset":3,"time":5}'
    )


def say(number: int) -> bytes:
    return b'{"type":"message","id":"%d","text":"x"}' % number


def test_where_messages_are_is_known_without_looking_through_the_log() -> None:
    log = ChannelLog(CHAT, "epoch", history_size=10, history_ttl_s=60, window=10, max_bytes=0)
    sayings = Sayings(["loaded"])
    known = {"loaded", *map(str, range(9_000))}
    log.extend(
        [say(1), say(2), b'{"type":"reaction","id":"1","emoji":"+"}', b'{"type":"edit","id":"1"}'], now=1
    )
    sayings.follow(log, known)
    assert list(sayings.offsets(log, ["1"])) == [1, 4]
    assert list(sayings.offsets(log, ["loaded"])) == []
    # It may be there: whoever deletes it knew more.
    assert list(sayings.offsets(log, ["2", "unknown"])) == [1, 2, 3, 4]
    for number in range(3, 9_000):
        known.discard(str(number - 100))
        log.extend([say(number)], now=1)
        sayings.follow(log, known)
    assert list(sayings.offsets(log, ["8999", "8990"])) == [8_992, 9_001]
    assert list(sayings.offsets(log, ["8950", "loaded"])) == []
    assert len(sayings._offsets) < 5_000
