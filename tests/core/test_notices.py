from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.core import Hub, Limits
from rtwidgets.core.capabilities import Caps
from rtwidgets.core.notices import MAX_TEXT, notices_of

from .peers import Peer, make_hub, publications

BOBS = "event:rtwidgets.notices#bob"
NOTHING: Caps = {}


def reader(hub: Hub, user: str = "bob") -> Peer:
    """A user with no capability at all, who reads their own notices."""
    peer = Peer(hub, user, NOTHING).connect()
    reply = peer.ask(subscribe={"channel": f"event:rtwidgets.notices#{user}"})
    assert "subscribe" in reply, reply
    return peer


def notify(peer: Peer, text: str = "look", **more: Any) -> dict[str, Any]:
    return peer.rpc("rtwidgets.notify", text=text, **more)


def test_notice_reaches_the_user_with_who_sent_it_by_the_hubs_word() -> None:
    hub = make_hub()
    bob, ann = reader(hub), Peer(hub).connect()
    assert notify(ann, to="bob", level="warning")["rpc"]["data"] == {"subscribers": 1}
    assert notify(ann, to="nosuch")["rpc"]["data"] == {"subscribers": 0}
    (pub,) = publications(bob.messages(), BOBS)
    assert pub["data"] == {"text": "look", "level": "warning"}
    assert (pub["info"]["user"], pub["info"]["conn_info"]) == ("ann", {"name": "Ann"})


def test_without_a_name_it_is_for_oneself_whatever_rights_one_has() -> None:
    hub = make_hub()
    bob = reader(hub)
    notify(Peer(hub, "bob", NOTHING).connect())
    (pub,) = publications(bob.messages(), BOBS)
    assert pub["info"]["user"] == "bob"


@pytest.mark.parametrize(
    ("caps", "owner", "allowed"),
    [
        (NOTHING, False, False),
        (NOTHING, True, True),
        ({BOBS: frozenset(("publish",))}, False, True),
        ({"event:rtwidgets.notices#eve": frozenset(("publish",))}, False, False),
        ({BOBS: frozenset(("subscribe", "history", "presence"))}, False, False),
        ({"event:desk/*": frozenset(("publish",))}, False, False),
    ],
)
def test_others_are_told_by_owners_and_those_with_the_right(caps: Caps, owner: bool, allowed: bool) -> None:
    hub = make_hub()
    bob = reader(hub)
    reply = notify(Peer(hub, "ann", caps, owner=owner).connect(), to="bob")
    assert ("error" not in reply) == allowed
    assert len(publications(bob.messages(), BOBS)) == allowed
    if not allowed:
        assert reply["error"] == {"code": 103, "message": "no right to notify 'bob'"}


def test_nobody_else_reads_them_and_nobody_publishes_there() -> None:
    hub = make_hub()
    ann, eve = Peer(hub, "ann", owner=True).connect(), Peer(hub, "eve", NOTHING).connect()
    for peer in (ann, eve):
        assert peer.ask(subscribe={"channel": BOBS})["error"]["code"] == 103
        assert peer.ask(history={"channel": BOBS, "limit": 9})["error"]["code"] == 103
    bob = Peer(hub, "bob").connect()
    assert bob.ask(publish={"channel": BOBS, "data": {"text": "x"}})["error"]["code"] == 103
    assert Peer(hub, "bob", NOTHING).connect().ask(presence={"channel": BOBS})["error"]["code"] == 103


def test_who_comes_later_gets_the_kept_ones() -> None:
    hub = make_hub()
    notify(Peer(hub).connect(), to="bob")
    bob = Peer(hub, "bob", NOTHING).connect()
    kept = bob.join(BOBS, data={"rtwidgets": {"snapshot": True}})
    assert [pub["data"] for pub in kept] == [{"text": "look"}]


@pytest.mark.parametrize("user", ["", "ann,bob", "a b", "ä", "x#y", "x" * 300])
def test_names_that_can_stand_in_no_channel_have_no_notices(user: str) -> None:
    assert notices_of(user) is None
    hub = make_hub()
    reply = notify(Peer(hub, user, owner=True).connect(), to=user)
    assert reply["error"]["code"] == (107 if user else 103)


@pytest.mark.parametrize("text", ["", " \u200b\n", "x" * (MAX_TEXT + 1)], ids=["empty", "blank", "long"])
def test_text_has_a_bound(text: str) -> None:
    reply = notify(Peer(make_hub()).connect(), text)
    assert reply["error"]["code"] == 107
    assert f"a notice has 1 to {MAX_TEXT} characters" in reply["error"]["message"]


def test_level_is_one_of_four() -> None:
    assert notify(Peer(make_hub()).connect(), level="<b>")["error"]["code"] == 107


def test_one_user_sends_only_so_many_however_many_connections() -> None:
    hub = make_hub(limits=Limits(notices_per_s=2))
    first, second = Peer(hub).connect(), Peer(hub).connect()
    assert "error" not in notify(first)
    assert "error" not in notify(second)
    refused = notify(first)["error"]
    assert refused == {"code": 106, "message": "at most 2 notices a second: notices_per_s"}
    assert hub.refused["notices_per_s"] == 1
    assert "error" not in notify(Peer(hub, "bob").connect())
    first.now = 2.0
    assert "error" not in notify(first)


def test_notices_to_a_session_count_too_however_they_are_published() -> None:
    hub = make_hub(limits=Limits(notices_per_s=2))
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    ann.rpc("rtwidgets.session", session="desk")
    bob.join("event:desk/notices")
    one = {"channel": "event:desk/notices", "data": {"text": "look"}}
    notify(ann)
    batch = {"producer": "p", "seq": 1, "items": [one] * 3}
    errors = ann.rpc("rtwidgets.publish", **batch)["rpc"]["data"]["errors"]
    assert [(error["index"], error["code"]) for error in errors] == [(1, 106), (2, 106)]
    assert ann.ask(publish=one)["error"] == {
        "code": 106,
        "message": "at most 2 notices a second: notices_per_s",
    }
    # Several commands at once are counted one by one, and answered in order.
    ann.now = 2.0
    ann.send(*({"id": 91 + index, "publish": one} for index in range(4)))
    replies = [reply for reply in ann.messages() if reply.get("id", 0) > 90]
    assert [("error" in reply, reply["id"]) for reply in replies] == [
        (False, 91),
        (False, 92),
        (True, 93),
        (True, 94),
    ]
    assert len(publications(bob.messages(), "event:desk/notices")) == 3
    assert hub.refused["notices_per_s"] == 5
    # Where there is no such session it is a channel like any other.
    other = {"channel": "event:other/notices", "data": {"text": "look"}}
    assert all("error" not in ann.ask(publish=other) for _ in range(9))
