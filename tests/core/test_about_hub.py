from __future__ import annotations

import pytest

from rtwidgets.core.about_hub import (
    ADMIN_CAPS,
    ADMIN_USER,
    CHANNELS,
    CONNECTIONS,
    DASHBOARD,
    PROBE,
    RATES,
    rules_about_hub,
)
from rtwidgets.core.capabilities import ALL_VERBS, Caps, covers, narrowed
from rtwidgets.core.notices import notices_of
from rtwidgets.core.rules import Namespace

from .peers import Peer, make_hub

ABOUT = (DASHBOARD, RATES, CONNECTIONS, CHANNELS)
EVERYTHING: Caps = {"*": ALL_VERBS, "*:*": ALL_VERBS, "table:*": ALL_VERBS, "*rtwidgets*": ALL_VERBS}


@pytest.mark.parametrize("channel", ABOUT)
def test_a_star_does_not_reach_what_the_hub_tells_of_everybody(channel: str) -> None:
    hub = make_hub(namespaces={"table": Namespace("table", allow=ALL_VERBS)})
    someone = Peer(hub, caps=EVERYTHING).connect()
    for request in ({"subscribe": {"channel": channel}}, {"history": {"channel": channel}}):
        assert someone.ask(**request)["error"]["code"] == 103
    assert "subscribe" in Peer(hub, caps=ADMIN_CAPS).connect().ask(subscribe={"channel": channel})
    assert "subscribe" in Peer(hub, caps={}, owner=True).connect().ask(subscribe={"channel": channel})


@pytest.mark.parametrize("channel", [*ABOUT, PROBE])
def test_nobody_but_the_hub_publishes_there(channel: str) -> None:
    hub = make_hub()
    for caps, is_owner in (({channel: ALL_VERBS}, False), (EVERYTHING, True)):
        peer = Peer(hub, caps=caps, owner=is_owner).connect()
        assert peer.ask(publish={"channel": channel, "data": {}})["error"]["code"] == 103
        assert "error" in peer.rpc("rtwidgets.declare", channel=channel, key="x")
        assert "error" in peer.rpc("rtwidgets.set", channel=channel, value=1)


def test_nobody_makes_a_token_for_it_out_of_a_star() -> None:
    for wanted in ({RATES: ALL_VERBS}, {"*:rtwidgets.hub/*": ALL_VERBS}, ADMIN_CAPS):
        assert not covers(EVERYTHING, wanted)
        assert narrowed(EVERYTHING, wanted) == {}
    # A pattern that could be meant for it and does not name it is allowed, and reaches nothing there.
    made = {"table:rtwidgets.*": ALL_VERBS, "table:*hub/*": ALL_VERBS}
    assert covers(EVERYTHING, made)
    assert not covers(made, {CONNECTIONS: ALL_VERBS})
    assert covers(ADMIN_CAPS, {CONNECTIONS: frozenset(("subscribe",))})


def test_links_of_users_do_not_open_it_and_an_owners_admin_link_opens_nothing_else() -> None:
    hub = make_hub()
    ann = Peer(hub, caps=EVERYTHING).connect()
    assert ann.rpc("rtwidgets.sign_in", admin=True)["error"]["code"] == 103
    assert "rpc" in ann.rpc("rtwidgets.sign_in")
    owner = Peer(hub, owner=True).connect()
    for data, caps in (({}, owner), ({"admin": True}, ADMIN_CAPS)):
        invite = owner.rpc("rtwidgets.sign_in", **data)["rpc"]["data"]["invite"]
        claims, _ = hub.tokens.verify(invite, owner.now)
        found = claims.invite["caps"]  # type: ignore[index]
        assert (set(found) == set(ADMIN_CAPS)) == (caps is ADMIN_CAPS)
        # Nor is who looks at the hub its owner, whose notices are to them alone.
        assert claims.invite["user"] == (ADMIN_USER if data else "ann")  # type: ignore[index]
    assert notices_of(ADMIN_USER) is None


def test_rules_do_not_depend_on_the_namespaces() -> None:
    hub = make_hub(namespaces={"stream": Namespace("event"), "table": Namespace("event")})
    assert [hub.channel(name).namespace.kind for name in ABOUT] == ["value", "stream", "table", "table"]
    assert rules_about_hub("table:rtwidgets.hub/others") is None
