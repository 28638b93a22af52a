"""Tokens that a holder makes for itself, tokens that come together, and what ends with a narrower one."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from rtwidgets.core.capabilities import Caps, covers, joined, narrowed
from rtwidgets.core.hub import Hub
from rtwidgets.core.revocation import Revocation
from rtwidgets.core.rules import Namespace, Verb
from rtwidgets.core.tokens import MAX_JOINED, TokenError

from .peers import ALL, SECRET, Peer, make_hub

SEE: frozenset[Verb] = frozenset(("subscribe",))
MOVE: frozenset[Verb] = frozenset(("subscribe", "publish"))
KERNEL: Caps = {"value:*": MOVE, "stream:*": SEE, "command:*": frozenset(("command",))}


def minted(peer: Peer, caps: dict[str, list[str]], ttl_s: float = 60, **more: Any) -> str:
    reply = peer.rpc("rtwidgets.token", ttl_s=ttl_s, caps=caps, **more)
    assert "error" not in reply, reply
    return str(reply["rpc"]["data"]["token"])


def page(hub: Hub, token: str) -> Peer:
    peer = Peer(hub)
    peer.token = token
    return peer.connect()


def token_of(hub: Hub, caps: Caps, *, user: str = "ann", ttl_s: float = 60.0, token_id: str = "k") -> str:
    return hub.tokens.mint(user=user, caps=caps, now=0.0, token_id=token_id, ttl_s=ttl_s)


def test_holder_makes_a_narrower_token_of_the_same_user_that_makes_no_more() -> None:
    hub = make_hub()
    kernel = Peer(hub, "ann", KERNEL).connect()
    text = minted(kernel, {"value:limit": ["subscribe", "publish"]})
    says = hub.tokens.credentials(text, 1.0)
    assert (says.user, says.parent, says.owner) == ("ann", "t", False)
    assert says.info == b'{"name":"Ann"}'
    shown = page(hub, text)
    assert "error" not in shown.ask(publish={"channel": "value:limit", "data": 1})
    for request in (
        {"subscribe": {"channel": "stream:px"}},
        {"publish": {"channel": "value:other", "data": 1}},
        {"history": {"channel": "value:limit", "limit": 1}},
        {"presence": {"channel": "value:limit"}},
        {"rpc": {"method": "rtwidgets.call", "data": {"command": "halt"}}},
        {"rpc": {"method": "rtwidgets.register", "data": {"commands": [{"name": "halt"}]}}},
        {"rpc": {"method": "rtwidgets.token", "data": {"ttl_s": 5}}},
        {"rpc": {"method": "rtwidgets.allow_origin", "data": {"origin": "http://evil.example"}}},
        {"rpc": {"method": "rtwidgets.revoke", "data": {"user": "ann"}}},
    ):
        assert shown.ask(**request)["error"]["code"] == 103, request


@pytest.mark.parametrize(
    "asked",
    [
        {"caps": {"*": ["subscribe"]}},
        {"caps": {"stream:px": ["publish"]}},
        {"caps": {}, "sub": "bob"},
        {"caps": {}, "sub": "ann"},
        {"caps": {}, "info": {"name": "Bob"}},
    ],
)
def test_holder_makes_none_for_others_and_none_that_is_wider(asked: dict[str, Any]) -> None:
    kernel = Peer(make_hub(), "ann", KERNEL).connect()
    assert kernel.rpc("rtwidgets.token", ttl_s=60, **asked)["error"]["code"] == 103


def test_owners_own_token_for_a_page_is_no_owners() -> None:
    hub = make_hub()
    owner = Peer(hub, "ann", ALL, owner=True).connect()
    says = hub.tokens.credentials(minted(owner, {"stream:px": ["subscribe"]}), 1.0)
    assert (says.owner, says.parent) == (False, "t")
    for_bob = hub.tokens.credentials(minted(owner, {"*": ["subscribe"]}, sub="bob"), 1.0)
    # Bob's kernel makes tokens for Bob's pages.
    assert (for_bob.user, for_bob.parent) == ("bob", None)


def test_anonymous_client_makes_no_tokens() -> None:
    peer = Peer(make_hub(anonymous=True))
    peer.token = ""
    assert peer.connect().rpc("rtwidgets.token", ttl_s=60)["error"]["code"] == 103


def test_token_dies_with_the_one_it_was_made_from() -> None:
    hub = make_hub()
    kernel = Peer(hub, "ann", KERNEL).connect()
    text = minted(kernel, {"stream:px": ["subscribe"]})
    shown = page(hub, text)
    assert hub.revoke(Revocation(jti="t")) == 2
    assert shown.connection.closing is not None


def test_token_made_while_the_users_revocation_was_on_its_way_ends_with_the_one_it_was_made_from() -> None:
    hub = make_hub()
    kernel = page(hub, token_of(hub, KERNEL))
    kernel.now = 5.0
    text = minted(kernel, {"value:limit": ["subscribe"]})
    # Another process wrote it down before that.
    hub.revoke(Revocation(user="ann", before=4.0))
    with pytest.raises(TokenError, match="revoked"):
        hub.tokens.credentials(text, 6.0)


def test_tokens_that_come_together_give_what_each_gives() -> None:
    hub = make_hub()
    one = token_of(hub, {"stream:px": SEE, "value:limit": SEE}, ttl_s=60)
    two = token_of(hub, {"value:limit": MOVE, "table:orders": SEE}, ttl_s=30, token_id="k2")
    peer = Peer(hub)
    reply = peer.ask(connect={"token": f"{one} {two}"})
    assert reply["connect"]["ttl"] == 29
    for channel in ("stream:px", "table:orders"):
        assert "error" not in peer.ask(subscribe={"channel": channel})
    assert "error" not in peer.ask(publish={"channel": "value:limit", "data": 1})
    assert peer.ask(publish={"channel": "stream:px", "data": {}})["error"]["code"] == 103
    assert peer.rpc("rtwidgets.token", ttl_s=5)["error"]["code"] == 103
    # Either of them revoked ends what both have opened.
    assert hub.revoke(Revocation(jti="k2")) == 1


def test_tokens_of_two_users_do_not_come_together() -> None:
    hub = make_hub()
    ann, bob = token_of(hub, {"stream:px": SEE}), token_of(hub, {"stream:py": SEE}, user="bob")
    for text in (f"{ann} {bob}", f"{ann} x", f"{ann} ", " ".join([ann] * (MAX_JOINED + 1))):
        peer = Peer(hub)
        peer.send({"id": 1, "connect": {"token": text}})
        assert peer.messages() == []
        assert peer.connection.closing is not None and peer.connection.closing.code == 3500


def test_owner_is_only_who_shows_nothing_but_owners_tokens() -> None:
    hub = make_hub()
    owner = hub.tokens.mint(user="ann", caps=ALL, now=0.0, token_id="o", owner=True)
    parts = [hub.tokens.credentials(text, 1.0) for text in (owner, token_of(hub, {}))]
    assert joined(parts[:1]).owner and not joined(parts).owner


def test_subscriptions_end_when_a_new_token_gives_no_right_to_them() -> None:
    hub = make_hub(namespaces={"open": Namespace(allow=SEE)})
    peer = page(hub, token_of(hub, {"stream:px": SEE, "stream:py": SEE}))
    for channel in ("stream:px", "stream:py", "open:a"):
        peer.ask(subscribe={"channel": channel})
    peer.send({"id": 90, "refresh": {"token": token_of(hub, {"stream:py": SEE})}})
    replies = peer.messages()
    assert [reply["push"]["channel"] for reply in replies if "push" in reply] == ["stream:px"]
    assert replies[0]["push"]["unsubscribe"]["code"] == 2501
    assert set(peer.connection.cursors) == {"stream:py", "open:a"}
    assert peer.ask(subscribe={"channel": "stream:px"})["error"]["code"] == 103


def test_subscriptions_of_the_old_token_end_when_the_new_one_names_them_no_more() -> None:
    hub = make_hub(namespaces={"default": Namespace()}, user_channel=True)
    old, new = (
        jwt.encode({"sub": "ann", "channels": names}, SECRET, algorithm="HS256")
        for names in (["stream:px", "stream:py"], ["stream:py"])
    )
    peer = page(hub, old)
    assert set(peer.connection.cursors) == {"stream:px", "stream:py", "#ann"}
    peer.send({"id": 90, "refresh": {"token": new}})
    assert [reply["push"]["channel"] for reply in peer.messages() if "push" in reply] == ["stream:px"]
    assert set(peer.connection.cursors) == {"stream:py", "#ann"}


def test_a_right_to_publish_or_to_hear_of_members_goes_with_the_token_that_gave_it() -> None:
    hub = make_hub(namespaces={"room": Namespace("event", presence=True, join_leave=True)})
    peer = page(hub, token_of(hub, {"room:a": frozenset(("subscribe", "publish", "presence"))}))
    peer.ask(subscribe={"channel": "room:a"})
    assert "publish" in peer.ask(publish={"channel": "room:a", "data": 1})
    assert "refresh" in peer.ask(refresh={"token": token_of(hub, {"room:a": SEE})})
    assert peer.ask(publish={"channel": "room:a", "data": 2})["error"]["code"] == 103
    peer.messages()
    Peer(hub, "bob").connect().ask(subscribe={"channel": "room:a"})
    assert peer.messages() == []


def test_narrowed_is_what_is_covered() -> None:
    asked: Caps = {"value:limit": MOVE, "table:orders": SEE, "command:halt": frozenset(("command",))}
    given = narrowed({"value:*": SEE, "command:*": ALL["*"]}, asked)
    assert given == {"value:limit": SEE, "command:halt": frozenset(("command",))}
    assert covers({"value:*": SEE, "command:*": ALL["*"]}, given)


@pytest.mark.parametrize("entry", [Revocation(jti="t"), Revocation(user="root", before=9.0)])
def test_what_a_stolen_token_has_made_ends_with_it(entry: Revocation) -> None:
    hub = make_hub()
    thief = Peer(hub, "root", ALL, owner=True).connect()
    for_other = minted(thief, {"*": ["subscribe"]}, sub="ghost")
    other = page(hub, for_other)
    for_its_page = minted(other, {"stream:px": ["subscribe"]})
    shown = page(hub, for_its_page)
    bob = page(hub, token_of(hub, ALL, user="bob"))
    hub.revoke(entry)
    assert [peer.connection.closing for peer in (thief, other, shown)] == [(3500, "token revoked")] * 3
    assert bob.connection.closing is None
    for text in (for_other, for_its_page):
        with pytest.raises(TokenError, match="revoked"):
            hub.tokens.credentials(text, 2.0)


def test_what_an_owner_makes_later_is_good_again() -> None:
    hub = make_hub()
    hub.revoke(Revocation(user="root", before=0.5))
    owner = Peer(hub)
    owner.token = hub.tokens.mint(user="root", caps=ALL, now=0.6, token_id="new", owner=True)
    owner.connect()
    assert page(hub, minted(owner, {"*": ["subscribe"]}, sub="ann")).connection.closing is None
