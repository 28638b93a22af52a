"""Invites: what they open, what ends them, and what is none."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from rtwidgets.core import Hub, Limits
from rtwidgets.core.invites import (
    MAX_MAKERS,
    MAX_NAME,
    SIGN_IN_S,
    SIGNED_IN_S,
    InviteError,
    guest_name,
    read_invite,
    ticket,
)
from rtwidgets.core.revocation import Maker, Revocation
from rtwidgets.core.roles import caps_of_session
from rtwidgets.core.tokens import Key, TokenError, TokenExpired, TokenRevoked, TokenRules, Tokens

from .peers import ALL, SECRET, Peer, make_hub

OWNER = caps_of_session("owner", "morning")


def owner_of(hub: Hub, **more: Any) -> Peer:
    owner = Peer(hub, "ann", OWNER)
    token = {"user": "ann", "caps": OWNER, "now": 0.0, "token_id": "o", "info": {"name": "Ann"}}
    owner.token = hub.tokens.mint(**{**token, **more})
    owner.connect()
    owner.rpc("rtwidgets.session", session="morning")
    return owner


def shared(owner: Peer, role: str = "viewer", ttl_s: float = 600, **more: Any) -> dict[str, Any]:
    reply = owner.rpc("rtwidgets.share", **{"session": "morning", "role": role, "ttl_s": ttl_s, **more})
    assert "error" not in reply, reply
    data: dict[str, Any] = reply["rpc"]["data"]
    return data


def joined(hub: Hub, invite: str, name: str = "Bob", now: float = 2.0) -> Peer:
    opened = ticket(*read_invite(hub.tokens, invite, now), name, hub.make_id(), now)
    peer = Peer(hub)
    peer.token = hub.tokens.mint(
        user=opened.user,
        caps=opened.caps,
        now=now,
        token_id=hub.make_id(),
        ttl_s=opened.expires_at - now,
        info=opened.info,
        maker=opened.maker,
    )
    return peer


def test_guest_has_the_role_and_is_marked_as_one() -> None:
    hub = make_hub()
    invite = shared(owner_of(hub), "editor")
    assert invite["expires_at_ms"] == 601_000 and invite["public_url"] is None
    guest = joined(hub, invite["invite"], " Bob\u202e\n Be ").connect()
    says = hub.tokens.credentials(guest.token, 2.0)
    assert says.user.startswith("guest-") and not says.owner and says.parent is None
    assert says.info == b'{"name":"Bob Be (guest)","role":"editor","guest":true}'
    assert says.caps == caps_of_session("editor", "morning")
    assert says.expires_at == 601.0
    assert "error" not in guest.ask(publish={"channel": "value:morning/limit", "data": 1})
    for request in (
        {"publish": {"channel": "value:evening/limit", "data": 1}},
        {"subscribe": {"channel": "stream:px"}},
        {"rpc": {"method": "rtwidgets.register", "data": {"commands": [{"name": "morning/halt"}]}}},
        {"rpc": {"method": "rtwidgets.share", "data": {"session": "morning", "ttl_s": 5}}},
        {"rpc": {"method": "rtwidgets.revoke", "data": {"user": "ann"}}},
    ):
        assert guest.ask(**request)["error"]["code"] == 103, request


def test_two_guests_of_one_link_are_two_users() -> None:
    hub = make_hub()
    invite = shared(owner_of(hub))["invite"]
    users = {joined(hub, invite).connect().connection.info.user for _ in range(3)}
    assert len(users) == 3


def test_invite_opens_no_connection_and_a_token_is_no_invite() -> None:
    hub = make_hub()
    owner = owner_of(hub)
    invite = shared(owner)["invite"]
    with pytest.raises(TokenError, match="invite"):
        hub.tokens.credentials(invite, 2.0)
    with pytest.raises(TokenError):
        hub.tokens.subscription(invite, 2.0)
    peer = Peer(hub)
    peer.send({"id": 1, "connect": {"token": invite}})
    assert peer.connection.closing == (3500, "invalid token")
    subscription = jwt.encode({"sub": "ann", "channel": "stream:px"}, SECRET, "HS256")
    for text in (owner.token, subscription, f"{invite} {invite}", "", "a.b.c"):
        with pytest.raises(InviteError) as refused:
            read_invite(hub.tokens, text, 2.0)
        assert refused.value.reason == "invalid"
    # One that whoever signs tokens elsewhere has made: only the hub's own key makes invites.
    issuer = ec.generate_private_key(ec.SECP256R1())
    hub.tokens.rules = TokenRules(algorithms=("HS256", "ES256"))
    hub.tokens.public_keys = (Key("ec", "ES256", issuer.public_key()),)
    says = jwt.decode(invite, options={"verify_signature": False})
    assert read_invite(hub.tokens, jwt.encode(says, SECRET, "HS256"), 2.0)[0].session == "morning"
    with pytest.raises(InviteError, match="not valid here"):
        read_invite(hub.tokens, jwt.encode(says, issuer, "ES256"), 2.0)
    both = jwt.encode(
        {"use": "invite", "channel": "stream:px", "invite": {}, "sub": "ann", "exp": 99}, SECRET, "HS256"
    )
    with pytest.raises(TokenError):
        hub.tokens.subscription(both, 2.0)


def test_claims_of_others_that_mean_something_else_do_no_harm() -> None:
    hub = make_hub()
    text = jwt.encode({"sub": "ann", "use": ["sig"], "invite": 7, "role": ["x"]}, SECRET, "HS256")
    assert hub.tokens.credentials(text, 2.0).user == "ann"


def test_what_is_wrong_with_a_link_is_told_apart() -> None:
    hub = make_hub()
    owner = owner_of(hub)
    invite = shared(owner)["invite"]
    with pytest.raises(InviteError) as expired:
        read_invite(hub.tokens, invite, 1_000.0)
    assert (expired.value.reason, expired.value.expired_at) == ("expired", 601.0)
    assert owner.rpc("rtwidgets.unshare", invite=invite)["rpc"]["data"] == {"closed": 0}
    with pytest.raises(InviteError) as revoked:
        read_invite(hub.tokens, invite, 2.0)
    assert revoked.value.reason == "revoked"
    with pytest.raises(InviteError) as foreign:
        read_invite(Tokens("another secret of enough characters"), invite, 2.0)
    assert foreign.value.reason == "invalid"


@pytest.mark.parametrize(
    "entry",
    [
        Revocation(jti="o"),
        Revocation(user="ann", before=9.0),
        Revocation(jti="root"),
        Revocation(user="boss", before=9.0),
    ],
)
def test_guest_ends_with_the_token_that_made_the_invite_and_with_its_maker(entry: Revocation) -> None:
    hub = make_hub()
    owner = owner_of(hub, maker=Maker("boss", "root", 0.0))
    invite = shared(owner, "editor")["invite"]
    guest = joined(hub, invite).connect()
    minted = guest.rpc("rtwidgets.token", ttl_s=60, caps={"value:morning/limit": ["subscribe"]})
    shown = Peer(hub)
    shown.token = minted["rpc"]["data"]["token"]
    shown.connect()
    stranger = Peer(hub, "cat").connect()
    assert hub.revoke(entry) == 3
    assert [peer.connection.closing for peer in (owner, guest, shown)] == [(3500, "token revoked")] * 3
    assert stranger.connection.closing is None
    with pytest.raises(InviteError) as refused:
        read_invite(hub.tokens, invite, 2.0)
    assert refused.value.reason == "revoked"
    for text in (guest.token, shown.token):
        with pytest.raises(TokenRevoked):
            hub.tokens.credentials(text, 2.0)


def test_revoking_a_link_ends_what_it_opened_and_nothing_else() -> None:
    hub = make_hub()
    owner = owner_of(hub)
    first, second = shared(owner)["invite"], shared(owner)["invite"]
    one, other = joined(hub, first).connect(), joined(hub, second).connect()
    assert owner.rpc("rtwidgets.unshare", invite=first)["rpc"]["data"] == {"closed": 1}
    assert one.connection.closing == (3500, "token revoked")
    assert other.connection.closing is None and owner.connection.closing is None
    again = joined(hub, second)
    again.token = one.token
    again.send({"id": 1, "connect": {"token": one.token}})
    assert again.connection.closing == (3500, "token revoked")


def test_links_are_revoked_by_the_sessions_owners_only() -> None:
    hub = make_hub()
    invite = shared(owner_of(hub), "editor")["invite"]
    guest = joined(hub, invite).connect()
    assert guest.rpc("rtwidgets.unshare", invite=invite)["error"]["code"] == 103
    assert Peer(hub, "root").connect().rpc("rtwidgets.unshare", invite="a.b.c")["error"]["code"] == 107


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"session": "evening"}, 103),
        ({"role": "admin"}, 107),
        ({"ttl_s": 0}, 107),
        ({"ttl_s": 32 * 86_400}, 107),
        ({"ttl_s": "8h"}, 107),
    ],
)
def test_what_can_not_be_shared(asked: dict[str, Any], code: int) -> None:
    owner = owner_of(make_hub())
    whole = {"session": "morning", "ttl_s": 60, **asked}
    assert owner.rpc("rtwidgets.share", **whole)["error"]["code"] == code


def test_session_has_to_be_there_to_be_shared() -> None:
    root = Peer(make_hub(), "root").connect()
    reply = root.rpc("rtwidgets.share", session="morning", ttl_s=60)
    assert (reply["error"]["code"], "make it before" in reply["error"]["message"]) == (107, True)


def test_link_ends_no_later_than_its_makers_token() -> None:
    hub = make_hub()
    owner = owner_of(hub, ttl_s=300)
    assert shared(owner, ttl_s=10_000)["expires_at_ms"] == 300_000


def test_page_and_anonymous_make_no_links() -> None:
    hub = make_hub(anonymous=True)
    owner = owner_of(hub)
    page = Peer(hub)
    page.token = hub.tokens.mint(user="ann", caps=ALL, now=0.0, token_id="p", parent="o")
    nobody = Peer(hub)
    nobody.token = ""
    for peer in (page.connect(), nobody.connect()):
        for method, data in (("share", {"session": "morning", "ttl_s": 60}), ("sign_in", {})):
            assert peer.rpc(f"rtwidgets.{method}", **data)["error"]["code"] == 103
    assert owner.connection.closing is None


def test_guests_invite_guests_only_so_far() -> None:
    hub = make_hub()
    peer = owner_of(hub)
    for depth in range(MAX_MAKERS):
        reply = peer.rpc("rtwidgets.share", session="morning", role="owner", ttl_s=60)
        if "error" in reply:
            # The first guest's guest is the last: each has two makers, an invite and who made that.
            assert depth == 2 and reply["error"]["code"] == 103
            break
        peer = joined(hub, reply["rpc"]["data"]["invite"]).connect()
    else:
        pytest.fail("no end to it")
    # All of them end with the first.
    assert hub.revoke(Revocation(jti="o")) == depth + 1


def test_sign_in_gives_ones_own_browser_ones_rights_and_no_more() -> None:
    hub = make_hub()
    owner = owner_of(hub, owner=True, ttl_s=20_000)
    reply = owner.rpc("rtwidgets.sign_in")["rpc"]["data"]
    assert reply["expires_at_ms"] == (1 + SIGN_IN_S) * 1000
    invite, claims = read_invite(hub.tokens, reply["invite"], 2.0)
    opened = ticket(invite, claims, "whoever", "x", 2.0)
    assert (opened.user, opened.name, opened.caps) == ("ann", "Ann", OWNER)
    assert opened.expires_at == 20_000.0
    browser = joined(hub, reply["invite"]).connect()
    for method, data in (("revoke", {"user": "bob"}), ("allow_origin", {"origin": "http://a.example"})):
        assert browser.rpc(f"rtwidgets.{method}", **data)["error"]["code"] == 103
    # Without an end of its own a sign-in has one.
    endless = owner_of(make_hub())
    text = endless.rpc("rtwidgets.sign_in")["rpc"]["data"]["invite"]
    opened = ticket(*read_invite(endless.hub.tokens, text, 2.0), "", "x", 2.0)
    assert opened.expires_at == 2.0 + SIGNED_IN_S
    assert owner.rpc("rtwidgets.unshare", invite=reply["invite"])["error"]["code"] == 107


@pytest.mark.parametrize("what", ["link", "guest", "maker"])
def test_a_guests_sign_in_is_of_the_same_guest_with_no_more_rights_and_ends_with_it(what: str) -> None:
    hub = make_hub()
    link = shared(owner_of(hub), "viewer", ttl_s=100)
    guest = joined(hub, link["invite"], "Gus").connect()
    own = guest.connection.credentials
    assert own is not None
    signed = guest.rpc("rtwidgets.sign_in")["rpc"]["data"]
    assert signed["expires_at_ms"] <= link["expires_at_ms"]
    browser = joined(hub, signed["invite"], "Ann").connect()
    says = browser.connection.credentials
    assert says is not None and not says.owner
    assert (says.user, says.info, says.caps) == (own.user, own.info, own.caps)
    assert says.expires_at == own.expires_at == 101.0
    data = {"session": "morning", "ttl_s": 5, "commands": [{"name": "morning/go"}], "user": "ann"}
    for method in ("share", "register", "revoke", "sign_in"):
        assert browser.rpc(f"rtwidgets.{method}", **data)["error"]["code"] == 103
    unused = guest.rpc("rtwidgets.sign_in")["rpc"]["data"]["invite"]
    entries = {
        "link": Revocation(jti=link["id"]),
        "guest": Revocation(user=own.user, before=9.0),
        "maker": Revocation(jti="o"),
    }
    hub.revoke(entries[what])
    for peer in (guest, browser):
        assert peer.connection.closing == (3500, "token revoked")
    with pytest.raises(InviteError) as refused:
        read_invite(hub.tokens, unused, 2.0)
    assert refused.value.reason == "revoked"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("Ann", "Ann"),
        ("  Ann \t\n Lee ", "Ann Lee"),
        ("A\u200bn\u202en\x00", "Ann"),
        ("<b onclick=x>", "<b onclick=x>"),
        ("x" * 500, "x" * MAX_NAME),
        ("A\u3164n\u2800n", "Ann"),
        ("A\ufe00n\U0001d173n\U0001bca0\U00013430", "Ann"),
        ("\u2764\ufe0f", "\u2764\ufe0f"),
        ("Ann (guest)", "Ann"),
        ("Ann (GUEST)\u2800 (guest) ", "Ann"),
        ("x" * MAX_NAME + " (guest)", "x" * MAX_NAME),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        ),
    ],
)
def test_name_of_a_guest_is_made_fit_to_be_shown(given: str, shown: str) -> None:
    assert guest_name(given) == f"{shown} (guest)"


@pytest.mark.parametrize(
    "given",
    [
        *("", "  ", "\u200b\u202e", "\u200d\u200c", "\x00\x1b", "\ud800"),
        *(
            "\u3164" * 4,
            "\u2800\u2800",
            "\u115f\u1160",
            "\uffa0",
            "\U000e0041\U000e007f",
            "\ufffc",
            "\U0001d159",
        ),
        # Marks with nothing under them, and the hub's own mark.
        *("\u0301\u0302", "\ufe0f", "\u200d\u0301", "(guest)", " (Guest) (guest)"),
    ],
)
def test_name_with_nothing_to_see_is_none(given: str) -> None:
    with pytest.raises(InviteError) as refused:
        guest_name(given)
    assert refused.value.reason == "no_name"


def test_expired_token_says_when() -> None:
    tokens = Tokens(SECRET)
    text = tokens.mint(user="ann", caps={}, now=0.0, token_id="t", ttl_s=5)
    with pytest.raises(TokenExpired) as expired:
        tokens.credentials(text, 100.0)
    assert expired.value.at == 5.0


def test_guests_make_so_many_channels_and_take_no_room_from_the_owner() -> None:
    hub = make_hub(limits=Limits(channels_per_user=3))
    owner = owner_of(hub)
    made = 0

    def makes(peer: Peer, most: int = 10) -> int:
        """Publish to new channels, and return to how many until one was refused."""
        nonlocal made
        for count in range(most):
            made += 1
            reply = peer.ask(publish={"channel": f"value:morning/{made}", "data": 1})
            if "error" in reply:
                assert reply["error"]["code"] == 106
                return count
        return most

    link = shared(owner, "owner")["invite"]
    first = joined(hub, link).connect()
    assert makes(first) == 3
    # Neither as another guest, nor by a link of one's own, nor signed in once more.
    assert makes(joined(hub, link).connect()) == 0
    assert makes(joined(hub, shared(first, "editor")["invite"]).connect()) == 0
    assert makes(joined(hub, first.rpc("rtwidgets.sign_in")["rpc"]["data"]["invite"]).connect()) == 0
    # Guests of other links, whom the same owner has asked in, up to four times as many.
    assert [makes(joined(hub, shared(owner, "editor")["invite"]).connect()) for _ in range(4)] == [3, 3, 3, 0]
    # The owner has their own, signed in with a link as well.
    assert makes(owner, 1) == 1
    assert makes(joined(hub, owner.rpc("rtwidgets.sign_in")["rpc"]["data"]["invite"]).connect()) == 2
    bob = Peer(hub, "bob", caps_of_session("editor", "morning")).connect()
    assert makes(bob) == 3
