"""Forged invites at a real hub: refused, and taken by one that believes what a token says of itself."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from rtwidgets.core.tokens import Claims, Key, Tokens
from rtwidgets.server.settings import AuthSection, Settings

from ..client.hub_process import SECRET, token
from .inner_hub import InnerHub
from .sockets import open_line
from .test_join import post, shared

OWN_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)


@pytest.fixture
def hub() -> Iterator[InnerHub]:
    hub = InnerHub(Settings(auth=AuthSection(hmac_secret=SECRET)))
    yield hub
    hub.close()


def parts_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in text.split(".")[:2]]


def sealed(header: dict[str, Any], claims: dict[str, Any], signature: str) -> str:
    parts = [json.dumps(part).encode() for part in (header, claims)]
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "." + signature


def changed(text: str, **says: Any) -> str:
    """Change what an invite says and keep its signature."""
    header, claims = parts_of(text)
    return sealed(header, {**claims, **says}, text.rsplit(".", 1)[1])


def unsigned(text: str, algorithm: str) -> str:
    header, claims = parts_of(text)
    return sealed({**header, "alg": algorithm}, claims, "")


def own_signature(text: str) -> str:
    return jwt.encode(parts_of(text)[1], OWN_KEY, "RS256")


def guessed_secret(text: str) -> str:
    return jwt.encode(parts_of(text)[1], "another secret of enough characters", "HS256")


# Each makes something of a viewer's link into the session `morning`.
FORGED: dict[str, Callable[[str], str]] = {
    "no signature": lambda text: unsigned(text, "none"),
    "no signature, shouted": lambda text: unsigned(text, "NoNe"),
    "a signature of nobody": lambda text: text.rsplit(".", 1)[0] + ".",
    "a key of one's own": own_signature,
    "a secret of one's own": guessed_secret,
    "another role": lambda text: changed(text, invite={"session": "morning", "role": "owner"}),
    "another session": lambda text: changed(text, invite={"session": "evening", "role": "viewer"}),
    "a longer time": lambda text: changed(text, exp=time.time() + 10**6),
    "another maker": lambda text: changed(text, maker={"sub": "boss", "jti": "x"}),
    "rights of one's own": lambda text: changed(text, invite={"user": "boss", "caps": {"*": ["publish"]}}),
}


def careless(self: Tokens, text: str) -> tuple[Claims, Key]:
    """Read a token and believe it."""
    payload = base64.urlsafe_b64decode(text.split(".")[1] + "==")
    return msgspec.json.decode(payload, type=Claims), Key("careless", "HS256", None)


@pytest.mark.parametrize("name", FORGED)
def test_forged_invite_is_refused(hub: InnerHub, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with open_line(hub) as owner:
        shared(owner, session="evening")
        invite = shared(owner)
        forged = FORGED[name](invite)
        status, answer, _ = post(hub, {"invite": forged, "name": "Eve"})
        assert (status, answer["reason"]) == (403, "invalid")
        assert post(hub, {"invite": invite, "name": "Bob"})[0] == 200
        monkeypatch.setattr(Tokens, "_read", careless)
        assert post(hub, {"invite": forged, "name": "Eve"})[0] == 200


def swapped(text: str, use: object) -> str:
    """Sign with the hub's own secret what an invite says, for another use."""
    claims = {**parts_of(text)[1], "use": use}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, SECRET, "HS256")


@pytest.mark.parametrize("use", [None, "access", "INVITE", ["invite"], True, {"invite": 1}])
def test_what_is_signed_for_another_use_is_no_invite(hub: InnerHub, use: object) -> None:
    with open_line(hub) as owner:
        invite = shared(owner)
    assert post(hub, {"invite": swapped(invite, "invite"), "name": "Bob"})[0] == 200
    assert post(hub, {"invite": swapped(invite, use), "name": "Bob"})[1]["reason"] == "invalid"


@pytest.mark.parametrize(
    "says",
    [
        None,
        "owner",
        7,
        {"session": 7, "role": "viewer"},
        {"session": "morning", "role": "admin"},
        {"session": "*", "role": "owner"},
        {"user": "ann", "caps": {"*": ["fly"]}},
        {"caps": {"*": ["publish"]}},
    ],
)
def test_signed_invite_that_says_nothing_usable_is_refused(hub: InnerHub, says: object) -> None:
    claims = {"use": "invite", "sub": "ann", "jti": "i", "exp": time.time() + 60, "invite": says}
    status, answer, _ = post(hub, {"invite": jwt.encode(claims, SECRET, "HS256"), "name": "Bob"})
    assert (status, answer["reason"]) == (403, "invalid")


@pytest.mark.parametrize("claim", ["exp", "jti"])
def test_signed_invite_without_end_or_id_is_refused(hub: InnerHub, claim: str) -> None:
    with open_line(hub) as owner:
        claims = parts_of(shared(owner))[1]
    del claims[claim]
    text = jwt.encode(claims, SECRET, "HS256")
    assert post(hub, {"invite": text, "name": "Bob"})[1]["reason"] == "invalid"


def test_connection_token_is_no_invite_though_it_says_all_that_one_says(hub: InnerHub) -> None:
    with open_line(hub) as owner:
        invite = shared(owner)
    own = parts_of(token())[1]
    whole = {**own, "invite": parts_of(invite)[1]["invite"]}
    assert post(hub, {"invite": jwt.encode(whole, SECRET, "HS256"), "name": "Bob"})[1]["reason"] == "invalid"
