"""Forged and stale tokens at a real hub's socket: refused, and taken by a hub whose defence is off."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from websockets.exceptions import ConnectionClosed

from rtwidgets.core import tokens
from rtwidgets.core.tokens import Claims, Key, Tokens
from rtwidgets.server.settings import AuthSection, Settings

from ..client.hub_process import SECRET
from .inner_hub import InnerHub
from .sockets import bare_line
from .test_jwks import RSA_KEY, Provider, entry, provider, signed

OWN_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)


def pem(key: Any) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return bytes(key.public_bytes(serialization.Encoding.PEM, form))


def hs256(text: str, secret: bytes) -> str:
    return (
        base64.urlsafe_b64encode(hmac.new(secret, text.encode(), hashlib.sha256).digest())
        .rstrip(b"=")
        .decode()
    )


def by_hand(header: dict[str, Any], secret: bytes | None = None) -> str:
    """Make an owner's token as no library would."""
    claims = {"sub": "boss", "owner": True, "caps": {"*": ["publish"]}, "exp": time.time() + 600}
    parts = [json.dumps(part).encode() for part in (header, claims)]
    text = ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)
    return f"{text}.{'' if secret is None else hs256(text, secret)}"


def with_own_key(**header: Any) -> str:
    claims = {"sub": "boss", "owner": True, "exp": time.time() + 600}
    return jwt.encode(claims, OWN_KEY, "RS256", headers=header)


def own_jwk() -> dict[str, Any]:
    return entry(OWN_KEY, "r1")


FORGED: dict[str, Callable[[str], str]] = {
    "no signature": lambda address: by_hand({"alg": "none"}),
    "no signature, shouted": lambda address: by_hand({"alg": "NoNe", "kid": "r1"}),
    "public key as secret": lambda address: by_hand({"alg": "HS256"}, pem(RSA_KEY.public_key())),
    "public key as secret, named": lambda address: by_hand(
        {"alg": "HS256", "kid": "r1"}, pem(RSA_KEY.public_key())
    ),
    "key from a path": lambda address: by_hand({"alg": "HS256", "kid": "../../../../../dev/null"}, b""),
    "key brought along": lambda address: with_own_key(jwk=own_jwk(), kid="r1"),
    "key from elsewhere": lambda address: with_own_key(jku=address, kid="r1"),
    "certificate from elsewhere": lambda address: with_own_key(x5u=address, kid="r1"),
}


def careless(self: Tokens, token: str) -> tuple[Claims, Key]:
    """Check a token by what its own header asks for, as libraries did once."""
    header = jwt.get_unverified_header(token)
    text, _, signature = token.rpartition(".")
    algorithm, key_file = str(header["alg"]).lower(), Path("/tmp") / str(header.get("kid"))
    secrets: list[bytes] = []
    if algorithm == "hs256":
        secrets = (
            [key_file.read_bytes()] if key_file.exists() else [pem(key.value) for key in self.public_keys]
        )
    elif algorithm != "none":
        jwk = header.get("jwk")
        if jwk is None:
            with urllib.request.urlopen(header.get("jku") or header["x5u"]) as answer:
                jwk = json.load(answer)["keys"][0]
        jwt.decode(token, jwt.PyJWK(jwk).key, algorithms=["RS256"])
    assert algorithm != "hs256" or any(hs256(text, secret) == signature for secret in secrets)
    payload = base64.urlsafe_b64decode(text.split(".")[1] + "==")
    return msgspec.json.decode(payload, type=Claims), Key("careless", algorithm, None)


def answer_to(hub: InnerHub, token: str) -> int:
    """Return 0 when a connect command with this token succeeds, and else the code of what it gets."""
    with bare_line(hub) as line:
        try:
            reply = line.ask(connect={"token": token})
        except ConnectionClosed as error:
            assert error.rcvd is not None
            return error.rcvd.code
    return int(reply["error"]["code"]) if "error" in reply else 0


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[InnerHub]:
    """A hub with a secret and public keys."""
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [entry(RSA_KEY, "r1")]}))
    hub = InnerHub(Settings(auth=AuthSection(hmac_secret=SECRET, jwks=str(keys))))
    yield hub
    hub.close()


@pytest.mark.parametrize("name", FORGED)
def test_forged_token_is_refused(hub: InnerHub, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with provider() as address:
        Provider.body = json.dumps({"keys": [own_jwk()]}).encode()
        forged = FORGED[name](address)
        assert answer_to(hub, forged) == 3500
        assert Provider.asked == 0, "no address of a token is asked"
        assert answer_to(hub, signed(RSA_KEY, "r1")) == 0
        monkeypatch.setattr(Tokens, "_read", careless)
        assert answer_to(hub, forged) == 0


STALE: dict[str, tuple[dict[str, Any], int]] = {
    "expired": ({"exp": time.time() - 60}, 109),
    "not yet valid": ({"nbf": time.time() + 86_400}, 3500),
    "issued in the future": ({"iat": time.time() + 86_400}, 3500),
    "for others": ({"aud": "other"}, 3500),
    "for nobody": ({"aud": None}, 3500),
    "from others": ({"iss": "https://login.example.org.evil.example"}, 3500),
    "too long": ({"info": "x" * 16_384}, 3500),
}


@pytest.mark.parametrize("name", STALE)
def test_token_that_says_something_wrong_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    wrong, code = STALE[name]
    right = {"sub": "ann", "exp": time.time() + 600, "aud": "desk", "iss": "https://login.example.org"}
    says = {claim: value for claim, value in {**right, **wrong}.items() if value is not None}
    strict = AuthSection(hmac_secret=SECRET, audience="desk", issuer="https://login.example.org")
    lax = AuthSection(hmac_secret=SECRET, leeway_s=1e6)
    for auth, expected in ((strict, code), (lax, 0)):
        hub = InnerHub(Settings(auth=auth))
        try:
            if expected == 0:
                monkeypatch.setattr(tokens, "MAX_TOKEN_CHARS", 10**6)
            assert answer_to(hub, jwt.encode(right, SECRET, "HS256")) == 0
            assert answer_to(hub, jwt.encode(says, SECRET, "HS256")) == expected
        finally:
            hub.close()


@pytest.mark.parametrize("channel", ["event:desk", ""])
def test_subscription_token_goes_by_audience_and_issuer_too(channel: str) -> None:
    settings = Settings(auth=AuthSection(hmac_secret=SECRET, audience="desk", issuer="us"))
    hub = InnerHub(settings)
    right = {"sub": "ann", "aud": "desk", "iss": "us"}
    try:
        with bare_line(hub) as line:
            line.ask(connect={"token": jwt.encode(right, SECRET, "HS256")})
            for wrong in ({"aud": "other"}, {"iss": "them"}, {"exp": 1.0}, {"sub": "bob"}, {}):
                text = jwt.encode({**right, "channel": channel, **wrong}, SECRET, "HS256")
                reply = line.ask(subscribe={"channel": "event:desk", "token": text})
                expected = 109 if "exp" in wrong else 0 if channel and not wrong else 103
                assert reply.get("error", {"code": 0})["code"] == expected, wrong
    finally:
        hub.close()
