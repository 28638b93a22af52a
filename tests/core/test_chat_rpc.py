"""Older messages and typing, over connections."""

from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.core import Limits
from rtwidgets.core.capabilities import Caps
from rtwidgets.core.chat_rpc import TYPING_INTERVAL_S
from rtwidgets.protocol.chat import PAGE

from .peers import Peer, make_hub, publications

SEE: Caps = {"chat:desk": frozenset(("subscribe",))}
READ: Caps = {"chat:desk": frozenset(("history",))}
FOLLOW: Caps = {"chat:desk": frozenset(("subscribe", "history"))}
WRITE: Caps = {"chat:desk": frozenset(("publish",))}
DENIED = 103


def say(peer: Peer, number: int, channel: str = "chat:desk") -> None:
    data = {"type": "message", "id": f"m{number}", "text": str(number)}
    assert "error" not in peer.ask(publish={"channel": channel, "data": data})


def ids(page: dict[str, Any]) -> list[str]:
    return [message["id"] for message in page["messages"]]


def test_older_messages_are_asked_for_page_by_page() -> None:
    hub = make_hub()
    ann = Peer(hub).connect()
    for number in range(PAGE + 30):
        say(ann, number)
    bob = Peer(hub, "bob", FOLLOW).connect()
    snapshot = bob.ask(subscribe={"channel": "chat:desk"})["subscribe"]["data"]
    assert (len(snapshot["messages"]), snapshot["more"]) == (PAGE, True)
    page = bob.rpc("rtwidgets.messages", channel="chat:desk", before=ids(snapshot)[0], limit=20)["rpc"][
        "data"
    ]
    assert (ids(page), page["more"]) == ([f"m{number}" for number in range(10, 30)], True)
    page = bob.rpc("rtwidgets.messages", channel="chat:desk", before=ids(page)[0])["rpc"]["data"]
    assert (ids(page), page["more"]) == ([f"m{number}" for number in range(10)], False)
    # A place that is not kept any more has nothing before it.
    page = bob.rpc("rtwidgets.messages", channel="chat:desk", before="gone")["rpc"]["data"]
    assert page == {"messages": [], "more": False}


def test_older_messages_want_the_right_to_history() -> None:
    hub = make_hub()
    say(Peer(hub).connect(), 1)
    ask = {"channel": "chat:desk", "limit": 5}
    assert Peer(hub, "bob", WRITE).connect().rpc("rtwidgets.messages", **ask)["error"]["code"] == DENIED
    guest = Peer(hub, "bob", SEE).connect()
    assert "error" not in guest.ask(subscribe={"channel": "chat:desk"})
    assert guest.rpc("rtwidgets.messages", **ask)["error"]["code"] == DENIED
    assert ids(Peer(hub, "bob", READ).connect().rpc("rtwidgets.messages", **ask)["rpc"]["data"]) == ["m1"]
    refused = Peer(hub).connect().rpc("rtwidgets.messages", channel="event:desk")
    assert refused["error"]["message"] == "channel 'event:desk' is no chat"


def test_typing_is_shown_to_who_looks_and_kept_nowhere() -> None:
    hub = make_hub()
    ann, bob, eve = Peer(hub).connect(), Peer(hub, "bob", SEE).connect(), Peer(hub, "eve", SEE).connect()
    for peer in (ann, bob):
        peer.ask(subscribe={"channel": "chat:desk"})
    eve.ask(subscribe={"channel": "chat:desk", "data": {"rtwidgets": {"visible": False}}})
    bob.messages()
    assert ann.rpc("rtwidgets.typing", channel="chat:desk") == {"id": 3, "rpc": {"data": {}}}
    [shown] = publications(bob.messages(), "chat:desk")
    assert shown["data"] == {"type": "typing"} and "offset" not in shown
    assert (shown["info"]["user"], shown["info"]["conn_info"]) == ("ann", {"name": "Ann"})
    # Not to oneself, nor to a view that nobody looks at.
    assert publications(ann.messages() + eve.messages(), "chat:desk") == []
    assert hub.channel("chat:desk").log.top == 0
    assert bob.rpc("rtwidgets.typing", channel="chat:desk")["error"]["code"] == DENIED


def test_typing_is_passed_on_at_a_bounded_rate() -> None:
    hub = make_hub()
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    bob.ask(subscribe={"channel": "chat:desk"})
    for step in range(40):
        ann.now = 1.0 + step / 10
        assert "error" not in ann.rpc("rtwidgets.typing", channel="chat:desk")
    assert len(publications(bob.messages(), "chat:desk")) == 4 / TYPING_INTERVAL_S


def test_typing_is_not_shown_in_crowds_nor_to_who_is_behind() -> None:
    hub = make_hub(limits=Limits(members=2))
    ann, bob, eve = (Peer(hub, name).connect() for name in ("ann", "bob", "eve"))
    for peer in (ann, bob):
        peer.ask(subscribe={"channel": "chat:desk"})
    peers = [Peer(hub, f"u{number}").connect() for number in range(200)]
    for peer in peers:
        peer.rpc("rtwidgets.typing", channel="chat:desk")
    waiting = len(publications(bob.messages(), "chat:desk"))
    assert 50 < waiting < 200, "who reads nothing gets no more of them"
    eve.ask(subscribe={"channel": "chat:desk"})
    bob.messages()
    ann.rpc("rtwidgets.typing", channel="chat:desk")
    assert publications(bob.messages(), "chat:desk") == []


@pytest.mark.parametrize("caps", [{"chat:*": frozenset(("publish", "subscribe", "history", "presence"))}])
def test_only_who_has_all_rights_on_a_chat_moderates_it(caps: Caps) -> None:
    hub = make_hub()
    ann, bob, owner = Peer(hub).connect(), Peer(hub, "bob", caps).connect(), Peer(hub, "olga").connect()
    say(ann, 1)
    delete = {"channel": "chat:desk", "data": {"type": "delete", "id": "m1"}}
    assert bob.ask(publish=delete)["error"]["message"].endswith("only its author may change a message")
    assert "error" not in owner.ask(publish=delete)
    assert ids(owner.ask(subscribe={"channel": "chat:desk"})["subscribe"]["data"]) == []


def test_who_comes_and_goes_is_told_to_who_may_ask_for_the_members() -> None:
    hub = make_hub()
    caps: Caps = {"chat:desk": frozenset(("subscribe", "presence"))}
    told, guest = Peer(hub, "ann", caps).connect(), Peer(hub, "bob", SEE).connect()
    for peer in (told, guest):
        peer.ask(subscribe={"channel": "chat:desk"})
    told.messages()
    visitor = Peer(hub, "eve").connect()
    visitor.ask(subscribe={"channel": "chat:desk"})
    visitor.ask(unsubscribe={"channel": "chat:desk"})
    kinds = [next(iter(message["push"].keys() - {"channel"})) for message in told.messages()]
    assert kinds == ["join", "leave"] and guest.messages() == []
    assert "refresh" in told.ask(refresh={"token": Peer(hub, "ann", SEE).token})
    visitor.ask(subscribe={"channel": "chat:desk"})
    assert told.messages() == []
