"""Sessions: who may make, see and share them, and who is in them."""

from __future__ import annotations

import json
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtwidgets.core import Hub, Limits, Namespace
from rtwidgets.core.capabilities import Caps, covers
from rtwidgets.core.patterns import Rights, matches
from rtwidgets.core.roles import ROLES, caps_of_session, role_in_session
from rtwidgets.core.rules import Verb
from rtwidgets.core.sessions import KEPT_S, LIST, members_of
from rtwidgets.errors import ChannelNameError
from rtwidgets.protocol.names import check_session

from .peers import SECRET, Peer, make_hub

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True).filter(
    lambda name: not name.startswith("rtwidgets.")
)


def member(hub: Hub, user: str, role: str, session: str = "morning") -> Peer:
    return Peer(hub, user, caps_of_session(role, session)).connect()


def opened(hub: Hub, name: str = "morning", **more: Any) -> Peer:
    owner = Peer(hub, "ann", caps_of_session("owner", name)).connect()
    reply = owner.rpc("rtwidgets.session", session=name, **more)
    assert "error" not in reply, reply
    return owner


@given(NAMES, NAMES)
def test_roles_of_two_sessions_have_nothing_in_common(one: str, other: str) -> None:
    check_session(one)
    for role in ROLES:
        caps = caps_of_session(role, one)
        assert role_in_session(Rights(caps), one) == role
        if one != other:
            assert role_in_session(Rights(caps), other) is None
            for target in ("value:{}/x", "chat:{}/a/b", "event:{}/rtwidgets.members", "command:{}/halt"):
                assert not any(matches(pattern, target.format(other)) for pattern in caps)


def test_each_role_has_what_the_one_below_has() -> None:
    viewer, editor, owner = (caps_of_session(role, "morning") for role in ROLES)
    assert covers(owner, editor) and covers(editor, viewer)
    assert not covers(viewer, editor) and not covers(editor, owner)
    assert (
        role_in_session(Rights({"*": frozenset(("subscribe", "history", "presence"))}), "morning") == "viewer"
    )


@pytest.mark.parametrize(
    "name", ["", "a b", "a/b", "a:b", "*", "a*", ".a", "-a", "ä", "a" * 65, "rtwidgets.a", "a#b", "a\n"]
)
def test_bad_name_of_a_session_is_refused(name: str) -> None:
    with pytest.raises(ChannelNameError, match="session name"):
        check_session(name)
    owner = Peer(make_hub()).connect()
    for method, more in (("session", {}), ("share", {"ttl_s": 60})):
        reply = owner.rpc(f"rtwidgets.{method}", session=name, **more)
        assert reply["error"]["code"] == 107 and "session name" in reply["error"]["message"]


def test_session_is_made_once_and_named_by_its_owners() -> None:
    hub = make_hub()
    owner = opened(hub, title="  Morning \n desk ")
    viewer = member(hub, "bob", "viewer")
    seen = viewer.ask(subscribe={"channel": "value:morning/rtwidgets.session"})["subscribe"]["data"]["value"]
    assert seen == {
        "name": "morning",
        "title": "Morning desk",
        "owner": "ann",
        "owner_name": "Ann",
        "created_ms": 1000,
    }
    other = member(hub, "cat", "owner")
    assert other.rpc("rtwidgets.session", session="morning")["rpc"]["data"]["owner"] == "ann"
    other.rpc("rtwidgets.session", session="morning", title="Desk")
    assert viewer.messages()[0]["push"]["pub"]["data"]["title"] == "Desk"
    assert viewer.rpc("rtwidgets.session", session="morning", title="Mine")["rpc"]["data"]["title"] == "Desk"
    assert viewer.rpc("rtwidgets.session", session="morning")["rpc"]["data"]["role"] == "viewer"
    assert owner.rpc("rtwidgets.session", session="morning", title="x" * 121)["error"]["code"] == 107


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_who_is_no_owner_makes_no_session_and_learns_of_none(role: str) -> None:
    hub = make_hub()
    opened(hub, "evening")
    peer = member(hub, "bob", role)
    for name in ("morning", "evening", "nowhere"):
        reply = peer.rpc("rtwidgets.session", session=name)
        assert reply["error"]["code"] == 103
        assert f"no session '{name}' that you may see" in reply["error"]["message"]
    assert peer.rpc("rtwidgets.sessions")["rpc"]["data"] == {"sessions": []}
    assert peer.ask(subscribe={"channel": LIST})["error"]["code"] == 103


def test_nobody_but_the_hub_says_what_a_session_is() -> None:
    hub = make_hub()
    owner = opened(hub)
    for channel in ("value:morning/rtwidgets.session", "event:morning/rtwidgets.members", LIST):
        assert owner.ask(publish={"channel": channel, "data": {}})["error"]["code"] == 103
        declared = owner.rpc("rtwidgets.declare", channel=channel, key="x")
        assert declared["error"]["code"] == 103


def test_list_has_what_the_caller_may_see_with_its_members() -> None:
    hub = make_hub()
    opened(hub, "evening")
    owner = opened(hub, title="Morning desk")
    owner.ask(subscribe={"channel": members_of("morning")})
    viewers = [member(hub, "bob", "viewer") for _ in range(2)]
    for viewer in viewers:
        viewer.ask(subscribe={"channel": members_of("morning")})
    (seen,) = viewers[0].rpc("rtwidgets.sessions")["rpc"]["data"]["sessions"]
    assert (seen["name"], seen["title"], seen["role"], seen["member_count"]) == (
        "morning",
        "Morning desk",
        "viewer",
        2,
    )
    assert [(who["user"], who["role"], who["connections"]) for who in seen["members"]] == [
        ("ann", "owner", 1),
        ("bob", "viewer", 2),
    ]
    all_seen = Peer(hub, "root").connect()
    assert len(all_seen.rpc("rtwidgets.sessions")["rpc"]["data"]["sessions"]) == 2
    rows = all_seen.ask(subscribe={"channel": LIST})["subscribe"]["data"]["rows"]
    assert rows["name"] == ["evening", "morning"]


def test_members_are_who_their_newest_token_says_they_are() -> None:
    hub = make_hub()
    owner = opened(hub)
    peer = member(hub, "bob", "owner")
    for channel in (members_of("morning"), "chat:morning/desk"):
        for each in (owner, peer):
            each.ask(subscribe={"channel": channel})
    owner.messages()
    caps = caps_of_session("viewer", "morning")
    token = hub.tokens.mint(user="bob", caps=caps, now=0.0, token_id="v", info={"name": "B"})
    # A token that says the same changes nothing to the others.
    for text, told in ((peer.token, []), (token, ["leave", "join"] * 2), (token, [])):
        assert "refresh" in peer.ask(refresh={"token": text})
        pushes = [message["push"] for message in owner.messages()]
        assert [kind for push in pushes for kind in push if kind != "channel"] == told
        for push in pushes:
            info = push["leave" if "leave" in push else "join"]["info"]
            assert info["conn_info"] == {"name": "Bob" if "leave" in push else "B"}
            if push["channel"] == members_of("morning"):
                assert info["chan_info"] == {"role": "owner" if "leave" in push else "viewer"}
    there = owner.ask(presence={"channel": members_of("morning")})["presence"]["presence"]
    assert there[peer.connection.client]["chan_info"] == {"role": "viewer"}
    (session,) = owner.rpc("rtwidgets.sessions")["rpc"]["data"]["sessions"]
    (bob,) = (who for who in session["members"] if who["user"] == "bob")
    assert (bob["name"], bob["role"]) == ("B", "viewer")


def test_who_may_not_ask_for_presence_is_not_told_of_members_in_the_list() -> None:
    hub = make_hub()
    opened(hub).ask(subscribe={"channel": members_of("morning")})
    reads: Verb = "subscribe"
    caps: Caps = {"value:*": frozenset((reads,)), "table:*": frozenset((reads,))}
    other = Peer(hub, "bob", caps).connect()
    assert other.ask(presence={"channel": members_of("morning")})["error"]["code"] == 103
    (seen,) = other.rpc("rtwidgets.sessions")["rpc"]["data"]["sessions"]
    assert (seen["name"], seen["members"], seen["member_count"]) == ("morning", [], 0)
    # All sessions are for who may see all of them, not for who may read any table.
    narrow = Peer(hub, "eve", {"table:*": frozenset((reads,))}).connect()
    assert narrow.ask(subscribe={"channel": LIST})["error"]["code"] == 103


def test_members_hear_of_each_other_whatever_the_namespace_says() -> None:
    silent = Namespace("event", presence=False, join_leave=False)
    hub = make_hub(namespaces={"event": silent})
    owner = opened(hub)
    owner.ask(subscribe={"channel": members_of("morning")})
    viewer = member(hub, "bob", "viewer")
    # Nor does a subscription's own token give a role.
    says = {"sub": "bob", "channel": members_of("morning"), "info": {"role": "owner"}}
    token = jwt.encode(says, SECRET, algorithm="HS256")
    viewer.send({"id": 7, "subscribe": {"channel": members_of("morning"), "token": token}})
    assert owner.messages()[0]["push"]["join"]["info"]["user"] == "bob"
    there = owner.ask(presence={"channel": members_of("morning")})["presence"]["presence"]
    roles = {info["user"]: info["chan_info"]["role"] for info in there.values()}
    # The role is the hub's word, from the rights of the token.
    assert roles == {"ann": "owner", "bob": "viewer"}
    viewer.connection.end(5.0)
    assert owner.messages()[0]["push"]["leave"]["info"]["user"] == "bob"
    assert owner.ask(presence={"channel": "event:morning/other"})["error"]["code"] == 108


def test_member_that_vanishes_is_gone_within_20_seconds() -> None:
    hub = make_hub()
    owner = opened(hub)
    viewer = member(hub, "bob", "viewer")
    for peer in (owner, viewer):
        peer.ask(subscribe={"channel": members_of("morning")})
    owner.messages()
    viewer.messages()
    left_at, heard = None, []
    for tick in range(10, 600):  # tenths of a second; the viewer answers one ping, then no more
        now = 1.0 + tick / 10
        hub.tick(now)
        for peer in (owner, viewer):
            messages = peer.messages()
            if peer is owner:
                heard += messages
            if {} in messages and (peer is owner or tick < 110):
                peer.now = now
                peer.send({})
        if viewer.connection.closing is not None:
            left_at = left_at or now
            # Others are told at once, although its socket is still there and closes when it will.
            assert not viewer.connection.ended
            assert any("leave" in message.get("push", {}) for message in heard)
            viewer.connection.end(now)
            break
    answered_at = viewer.now
    assert left_at is not None and answered_at > 1.0
    assert left_at - answered_at < 20
    assert viewer.connection.closing == (3012, "no pong")


def test_sessions_are_bounded_and_forgotten_when_nobody_is_there() -> None:
    hub = make_hub(limits=Limits(sessions=2))
    root = Peer(hub, "root").connect()
    for name in ("a", "b"):
        root.rpc("rtwidgets.session", session=name)
    assert root.rpc("rtwidgets.session", session="c")["error"]["code"] == 106
    assert hub.refused["sessions"] == 1
    guest = member(hub, "bob", "viewer", "b")
    guest.ask(subscribe={"channel": members_of("b")})
    guest.ask(subscribe={"channel": "value:b/rtwidgets.session"})
    root.connection.end(2.0)
    for now in (10.0, 10.0 + KEPT_S + 100):
        hub.sessions.sweep(now)
    assert hub.sessions.get("a") is None and hub.sessions.get("b") is not None
    guest.ask(unsubscribe={"channel": members_of("b")})
    for now in (2 * KEPT_S, 3 * KEPT_S + 100):
        hub.sessions.sweep(now)
    assert hub.sessions.get("b") is None
    ended = [message["push"]["pub"]["data"] for message in guest.messages() if "push" in message]
    assert ended == [None]
    assert "rtwidgets.session" in json.dumps(list(hub.channels))


def test_list_counts_as_the_work_that_it_is() -> None:
    hub = make_hub(limits=Limits(commands_per_s=10))
    root = Peer(hub, "root").connect()
    for number in range(9):
        root.now += 1.0
        root.rpc("rtwidgets.session", session=f"s{number}")
        for user in range(100):
            member(hub, f"u{user}", "viewer", f"s{number}").ask(
                subscribe={"channel": members_of(f"s{number}")}
            )
    root.now += 10.0
    listed = root.rpc("rtwidgets.sessions")["rpc"]["data"]["sessions"]
    assert [(len(each["members"]), each["member_count"]) for each in listed] == [(8, 100)] * 9
    root.send({"id": 90, "rpc": {"method": "rtwidgets.status"}})
    assert root.messages() == [] and root.connection.congested


def test_role_is_found_with_one_look_at_each_kind_of_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    verbs_on = Rights.verbs_on

    def counted(rights: Rights, target: str) -> frozenset[Verb]:
        looked.append(target)
        return verbs_on(rights, target)

    monkeypatch.setattr(Rights, "verbs_on", counted)
    for role in ROLES:
        looked.clear()
        assert role_in_session(Rights(caps_of_session(role, "morning")), "morning") == role
        assert len(looked) <= 8
    looked.clear()
    assert role_in_session(Rights(caps_of_session("owner", "other")), "morning") is None
    assert len(looked) == 1


def test_unlimited_sessions_are_possible() -> None:
    hub = make_hub(limits=Limits(sessions=0))
    root = Peer(hub, "root").connect()
    for number in range(5):
        assert "error" not in root.rpc("rtwidgets.session", session=f"s{number}")


def test_page_of_an_editor_is_an_editor() -> None:
    caps: Caps = {**caps_of_session("editor", "morning"), "stream:other": frozenset(("subscribe",))}
    assert role_in_session(Rights(caps), "morning") == "editor"
