"""Direct chats, and what users are told of messages that are for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from rtwidgets.core import Hub, Limits
from rtwidgets.core.capabilities import ALL_VERBS, Caps
from rtwidgets.core.chat_notices import MAX_ADDRESSED
from rtwidgets.core.conversation import Conversation
from rtwidgets.core.notices import notices_of
from rtwidgets.protocol.chat import ChatMessage

from .peers import Peer, make_hub, publications

CHATS: Caps = {"chat:*": ALL_VERBS}
DENIED = 103
DIRECT = "chat:desk#ann,bob"


def say(peer: Peer, text: str, channel: str = "chat:desk", number: int = 1) -> None:
    data = {"type": "message", "id": f"m{number}", "text": text}
    assert "error" not in peer.ask(publish={"channel": channel, "data": data})


def notices(hub: Hub, user: str) -> list[tuple[str, str, str]]:
    """Who told what, where, to a user with no right on any channel."""
    peer = Peer(hub, user, {}).connect()
    kept = peer.join(f"event:rtwidgets.notices#{user}", data={"rtwidgets": {"snapshot": True}})
    return [(note["info"]["user"], note["data"]["text"], note["data"]["channel"]) for note in kept]


def test_a_direct_chat_is_of_its_users_alone() -> None:
    hub = make_hub()
    ann, bob, eve = (Peer(hub, name, CHATS).connect() for name in ("ann", "bob", "eve"))
    say(ann, "for you", DIRECT)
    assert bob.ask(subscribe={"channel": DIRECT})["subscribe"]["data"]["messages"][0]["text"] == "for you"
    requests: list[dict[str, Any]] = [
        {"subscribe": {"channel": DIRECT}},
        {"publish": {"channel": DIRECT, "data": {"type": "message", "id": "x", "text": "me too"}}},
        {"history": {"channel": DIRECT, "limit": 10}},
        {"presence": {"channel": DIRECT}},
        {"presence_stats": {"channel": DIRECT}},
        *(
            {"rpc": {"method": f"rtwidgets.{method}", "data": {"channel": DIRECT}}}
            for method in ("messages", "typing", "demand", "declare")
        ),
        {"subscribe": {"channel": notices_of("ann")}},
        {"history": {"channel": notices_of("bob"), "limit": 10}},
    ]
    for request in requests:
        assert eve.ask(**request)["error"]["code"] == DENIED, request
    owner = Peer(hub, "olga", owner=True).connect()
    assert owner.ask(subscribe={"channel": DIRECT})["error"]["code"] == DENIED
    batch = {
        "producer": "p",
        "seq": 1,
        "items": [{"channel": DIRECT, "data": requests[1]["publish"]["data"]}],
    }
    assert eve.rpc("rtwidgets.publish", **batch)["rpc"]["data"]["errors"][0]["code"] == DENIED
    assert ann.messages() == []


def test_who_is_written_to_is_told_where_and_by_whom() -> None:
    hub = make_hub()
    say(Peer(hub).connect(), "secret", DIRECT)
    assert notices(hub, "bob") == [("ann", "wrote to you", DIRECT)]
    assert notices(hub, "ann") == []


def test_who_is_mentioned_is_told_when_they_are_here_or_have_said_something() -> None:
    hub = make_hub()
    ann, bob, eve = (Peer(hub, name).connect() for name in ("ann", "bob", "eve"))
    bob.ask(subscribe={"channel": "chat:desk"})
    say(eve, "hello", number=2)
    say(ann, "@bob, @eve and @mallory: look @ann")
    told = [("ann", "mentioned you in desk", "chat:desk")]
    assert (notices(hub, "bob"), notices(hub, "eve")) == (told, told)
    assert notices(hub, "mallory") == notices(hub, "ann") == []


def test_notices_come_live_and_nobody_publishes_them_but_the_hub() -> None:
    hub = make_hub()
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    name = notices_of("bob")
    assert name == "event:rtwidgets.notices#bob"
    bob.ask(subscribe={"channel": name})
    say(ann, "hi", DIRECT)
    [told] = publications(bob.messages(), name)
    assert told["data"] == {"text": "wrote to you", "type": "direct", "channel": DIRECT}
    for peer in (ann, bob):
        assert peer.ask(publish={"channel": name, "data": {"text": "x"}})["error"]["code"] == DENIED


def test_notices_are_bounded() -> None:
    hub = make_hub(limits=Limits(notices_per_s=3))
    ann = Peer(hub).connect()
    for number in range(20):
        say(ann, "hi", DIRECT, number)
    assert len(notices(hub, "bob")) == 3
    ann.now += 10
    many = ",".join(sorted(["ann", *(f"u{number}" for number in range(30))]))
    before = len(hub.channels)
    say(ann, "hi", f"chat:desk#{many}", 99)
    assert len(hub.channels) - before <= 1 + MAX_ADDRESSED
    assert hub.refused["notices_per_s"]


def test_a_hub_without_room_tells_nobody_and_goes_on() -> None:
    hub = make_hub(limits=Limits(channels=1))
    say(Peer(hub).connect(), "hi", DIRECT)
    assert list(hub.channels) == [DIRECT]


@pytest.mark.parametrize("user", ["", "a,b", "a#b", "ä", "a b", "x" * 300])
def test_a_user_no_channel_can_be_for_alone_has_none(user: str) -> None:
    assert notices_of(user) is None
    hub = make_hub()
    ann = Peer(hub).connect()
    reader = Peer(hub, "a", {}).connect()
    assert reader.ask(subscribe={"channel": "event:rtwidgets.notices#a,b"})["error"]["code"] == DENIED
    assert "event:rtwidgets.notices#a,b" not in hub.channels
    assert ann.connection.closing is None


def test_names_are_looked_for_as_often_as_notices_may_be_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    hub = make_hub(limits=Limits(notices_per_s=3))
    ann = Peer(hub).connect()
    say(Peer(hub, "bob").connect(), "hello", number=1_000)
    looked: list[int] = []
    iterate = Conversation.__iter__

    def counted(messages: Conversation) -> Iterator[ChatMessage]:
        looked.append(1)
        return iterate(messages)

    monkeypatch.setattr(Conversation, "__iter__", counted)
    for number in range(20):
        say(ann, "no names @ all, and @ann is me", number=number)
    assert not looked
    for number in range(20):
        say(ann, "@nobody", number=100 + number)
    assert len(looked) == 3
    ann.now += 10
    say(ann, "@bob", number=200)
    assert len(notices(hub, "bob")) == 1
