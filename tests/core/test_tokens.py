from __future__ import annotations

import base64
import json
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st

from rtwidgets.core.refusal import Refusal
from rtwidgets.core.revocation import KEPT_LONGER_S, Revocation, Revocations, revocation_of
from rtwidgets.core.tokens import Key, TokenError, TokenExpired, TokenRules, Tokens
from rtwidgets.protocol import codes

from .peers import SECRET, Peer, make_hub

OLD = "the secret that was used before it"
RSA_KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ALL_ALGORITHMS = TokenRules(algorithms=("HS256", "RS256", "ES256"))


def with_public_keys(rules: TokenRules = ALL_ALGORITHMS) -> Tokens:
    tokens = Tokens(SECRET, rules=rules)
    tokens.public_keys = (
        Key("rsa", "RS256", RSA_KEY.public_key(), "r1"),
        Key("ec", "ES256", EC_KEY.public_key(), "e1"),
    )
    return tokens


def pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)


def by_hand(header: dict[str, Any], claims: dict[str, Any], secret: bytes = b"") -> str:
    """Make a token as an attacker does, without a library that would refuse to."""
    import hashlib
    import hmac

    def part(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    signed = f"{part(json.dumps(header).encode())}.{part(json.dumps(claims).encode())}"
    return f"{signed}.{part(hmac.new(secret, signed.encode(), hashlib.sha256).digest() if secret else b'')}"


def test_each_kind_of_key_is_good_for_its_own_tokens() -> None:
    tokens = with_public_keys()
    for key, algorithm, key_id in (
        (SECRET, "HS256", None),
        (RSA_KEY, "RS256", "r1"),
        (EC_KEY, "ES256", "e1"),
    ):
        headers = None if key_id is None else {"kid": key_id}
        token = jwt.encode({"sub": "ann"}, key, algorithm=algorithm, headers=headers)
        assert tokens.credentials(token, 0.0).user == "ann"
        # Without a kid every key of the algorithm is tried.
        assert tokens.credentials(jwt.encode({"sub": "ann"}, key, algorithm=algorithm), 0.0).user == "ann"


def test_tokens_of_the_secret_before_are_taken_and_new_ones_are_not_signed_with_it() -> None:
    rotated = Tokens(SECRET, OLD)
    assert rotated.credentials(jwt.encode({"sub": "ann"}, OLD, algorithm="HS256"), 0.0).user == "ann"
    minted = rotated.mint(user="ann", caps={}, now=0.0, token_id="t")
    assert Tokens(SECRET).credentials(minted, 0.0).user == "ann"
    with pytest.raises(TokenError, match="not signed with a key"):
        Tokens(OLD).credentials(minted, 0.0)


@pytest.mark.parametrize("public", [pem(RSA_KEY), pem(EC_KEY)])
def test_a_public_key_is_no_secret(public: bytes) -> None:
    """Algorithm confusion: who knows the public key signs HS256 with its text."""
    forged = by_hand({"alg": "HS256", "typ": "JWT"}, {"sub": "boss", "owner": True}, public)
    with pytest.raises(TokenError, match="not signed with a key"):
        with_public_keys().credentials(forged, 0.0)


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "", "HS384", "HS512", "RS512", "PS256", "hs256", None, 1]
)
def test_other_algorithms_are_refused(algorithm: object) -> None:
    for secret in (b"", SECRET.encode()):
        token = by_hand({"alg": algorithm, "typ": "JWT"}, {"sub": "boss"}, secret)
        with pytest.raises(TokenError):
            with_public_keys().credentials(token, 0.0)
    if algorithm == "none":  # and it would be a token, for who does not look
        unsigned = by_hand({"alg": "none"}, {"sub": "boss"})
        assert jwt.decode(unsigned, options={"verify_signature": False}) == {"sub": "boss"}


def test_an_accepted_key_is_not_enough_where_its_algorithm_is_not_listed() -> None:
    tokens = with_public_keys(TokenRules(algorithms=("ES256",)))
    with pytest.raises(TokenError, match=r"auth\.algorithms"):
        tokens.credentials(jwt.encode({"sub": "ann"}, SECRET, algorithm="HS256"), 0.0)
    with pytest.raises(TokenError, match=r"auth\.algorithms"):
        tokens.credentials(jwt.encode({"sub": "ann"}, RSA_KEY, algorithm="RS256"), 0.0)


@pytest.mark.parametrize("key_id", ["../../dev/null", "r1' OR 1=1 --", "", "e1", "r" * 5_000, 5])
def test_kid_only_chooses_among_keys_of_its_algorithm(key_id: object) -> None:
    asked = []
    tokens = with_public_keys()
    tokens.on_unknown_key = lambda: asked.append(1)
    forged = by_hand({"alg": "RS256", "kid": key_id}, {"sub": "boss"}, SECRET.encode())
    with pytest.raises(TokenError):
        tokens.credentials(forged, 0.0)
    assert len(asked) == (0 if key_id == 5 else 1)


def test_keys_that_a_token_brings_along_are_not_used() -> None:
    own = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key()))
    headers = {
        "jwk": jwk,
        "jku": "https://evil.example/keys",
        "x5u": "https://evil.example/chain",
        "x5c": ["AA=="],
    }
    with pytest.raises(TokenError, match="not signed with a key"):
        with_public_keys().credentials(jwt.encode({"sub": "boss"}, own, "RS256", headers=headers), 0.0)


@pytest.mark.parametrize(
    ("claims", "fault"),
    [
        ({"exp": 994}, "expired"),
        ({"nbf": 1006}, "not valid yet"),
        ({"iat": 1006}, "issued in the future"),
        ({"exp": 1e400}, "malformed"),
        ({"nbf": "soon"}, "nbf"),
        ({"aud": "other"}, "audience 'desk'"),
        ({"aud": ["other", "more"]}, "audience 'desk'"),
        ({"aud": None}, "aud"),
        ({"aud": "desk2"}, "audience 'desk'"),
        ({"iss": "https://login.example.org.evil.example"}, "issuer"),
        ({"iss": None}, "iss"),
        ({"sub": 5}, "sub"),
        ({"caps": {"*": ["fly"]}}, "fly"),
        ({"caps": ["*"]}, "caps"),
        ({"owner": "yes"}, "owner"),
    ],
)
def test_what_a_token_must_say(claims: dict[str, Any], fault: str) -> None:
    rules = TokenRules(audience="desk", issuer="https://login.example.org")
    tokens = Tokens(SECRET, rules=rules)
    good = {
        "sub": "ann",
        "aud": "desk",
        "iss": "https://login.example.org",
        "exp": 995,
        "nbf": 1005,
        "iat": 1005,
    }
    assert tokens.credentials(by_hand({"alg": "HS256"}, good, SECRET.encode()), 1000.0).user == "ann"
    bad = by_hand({"alg": "HS256"}, {**good, **claims}, SECRET.encode())
    with pytest.raises(TokenError, match=fault):
        tokens.credentials(bad, 1000.0)
    for name in ("aud", "iss"):
        left_out = {key: value for key, value in good.items() if key != name}
        with pytest.raises(TokenError, match="audience" if name == "aud" else "issuer"):
            tokens.credentials(by_hand({"alg": "HS256"}, left_out, SECRET.encode()), 1000.0)


def test_minted_tokens_carry_audience_and_issuer() -> None:
    tokens = Tokens(SECRET, rules=TokenRules(audience="desk", issuer="us", leeway_s=0.0))
    minted = tokens.mint(user="ann", caps={}, now=10.0, token_id="t", ttl_s=5)
    assert tokens.credentials(minted, 15.0).user == "ann"
    with pytest.raises(TokenExpired):
        tokens.credentials(minted, 15.5)


def test_huge_tokens_are_not_read() -> None:
    with pytest.raises(TokenError, match="16384 characters"):
        Tokens(SECRET).credentials("a" * 16_385, 0.0)


def test_a_secret_is_in_no_repr() -> None:
    assert SECRET not in repr(Key("auth.hmac_secret", "HS256", SECRET)) + repr(Tokens(SECRET).__dict__)


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_nothing_else_is_a_token(data: bytes | str) -> None:
    text = data if isinstance(data, str) else data.decode("latin-1")
    with pytest.raises(TokenError):
        with_public_keys().credentials(text, 0.0)


def mint(**changes: Any) -> str:
    settings: dict[str, Any] = {"user": "ann", "caps": {"*": frozenset()}, "now": 100.0, "token_id": "t1"}
    return Tokens(SECRET).mint(**{**settings, **changes})


@pytest.mark.parametrize(
    ("entry", "token", "refused"),
    [
        (Revocation(jti="t1"), mint(), True),
        (Revocation(jti="t1"), mint(token_id="t2"), False),
        (Revocation(jti="t1"), mint(token_id="t2", parent="t1"), True),
        (Revocation(user="ann", before=100.0), mint(), True),
        (Revocation(user="ann", before=100.0), mint(now=100.001), False),
        (Revocation(user="ann", before=100.000_8), mint(now=100.000_6), True),
        (Revocation(user="ann", before=100.0), mint(user="bob"), False),
        (Revocation(user="ann", before=100.0), jwt.encode({"sub": "ann"}, SECRET, "HS256"), True),
        (Revocation(user="ann", before=100.9), jwt.encode({"sub": "ann", "iat": 100}, SECRET, "HS256"), True),
    ],
)
def test_revoked_tokens(entry: Revocation, token: str, refused: bool) -> None:
    tokens = Tokens(SECRET)
    assert tokens.credentials(token, 101.0).token_id in ("t1", "t2", "")
    tokens.revocations.add(entry)
    # An older entry does not weaken a newer one.
    tokens.revocations.add(Revocation(user=entry.user, before=1.0))
    if refused:
        with pytest.raises(TokenError, match="revoked"):
            tokens.credentials(token, 101.0)
    else:
        assert tokens.credentials(token, 101.0).token_id in ("t1", "t2", "")


def test_entries_that_are_of_no_use_are_left_out() -> None:
    revocations = Revocations()
    for entry in (
        Revocation(jti="ended", until=100.0),
        Revocation(jti="good", until=5_000.0),
        Revocation(jti="both"),
        Revocation(jti="both", until=100.0),
        Revocation(user="ann", before=7.0),
        Revocation(user="ann", before=5.0),
    ):
        revocations.add(entry)
    # A hub whose clock is behind may still take a token that has just ended.
    assert Revocation(jti="ended", until=100.0) in list(revocations.entries(100.0 + KEPT_LONGER_S - 1))
    assert list(revocations.entries(100.0 + KEPT_LONGER_S)) == [
        Revocation(jti="good", until=5_000.0),
        Revocation(jti="both"),
        Revocation(user="ann", before=7.0),
    ]


def test_time_of_a_token_that_has_ended_is_questioned() -> None:
    assert revocation_of("t1", "", 100.0, 100_000.0) == Revocation(jti="t1", until=100.0)
    with pytest.raises(ValueError, match="milliseconds"):
        revocation_of("t1", "", 1_700_000_000.0, 1_700_003_600.0)


def test_what_can_not_be_kept_is_revoked_all_the_same() -> None:
    hub = make_hub()
    ann, owner = Peer(hub).connect(), Peer(hub, "root", owner=True).connect()

    def fail(entry: Revocation) -> None:
        raise Refusal(codes.INTERNAL, "the disk is full")

    hub.on_revoke = fail
    error = owner.rpc("rtwidgets.revoke", user="ann")["error"]
    assert (error["code"], error["message"]) == (100, "the disk is full")
    assert ann.connection.closing == (3500, "token revoked")


@pytest.mark.parametrize("exp", [1e12, 1e20, 1e300])
def test_time_left_fits_the_wire(exp: float) -> None:
    peer = Peer(make_hub())
    peer.send({"id": 1, "connect": {"token": jwt.encode({"sub": "ann", "exp": exp}, SECRET, "HS256")}})
    assert peer.messages()[0]["connect"]["ttl"] == 2**31 - 1


def test_revoking_closes_what_is_open_and_nothing_else() -> None:
    hub = make_hub()
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    told: list[Revocation] = []
    hub.on_revoke = told.append
    owner = Peer(hub, "root", owner=True).connect()
    assert bob.rpc("rtwidgets.revoke", user="ann")["error"]["code"] == 103
    assert owner.rpc("rtwidgets.revoke")["error"]["code"] == 107
    assert owner.rpc("rtwidgets.revoke", user="ann", jti="x")["error"]["code"] == 107
    assert owner.rpc("rtwidgets.revoke", user="ann")["rpc"]["data"] == {"closed": 1}
    assert told == [Revocation(user="ann", before=1.0)]
    assert ann.connection.closing == (3500, "token revoked")
    assert bob.connection.closing is None
    again = Peer(hub)
    again.send({"id": 1, "connect": {"token": again.token}})
    assert again.connection.closing == (3500, "token revoked")


def test_token_of_a_clock_that_is_ahead_is_no_younger_than_its_coming() -> None:
    hub = make_hub()
    hub.tokens.rules = TokenRules(leeway_s=60)
    claims = {"sub": "ann", "iat": 51.0, "owner": True, "caps": {"*": ["subscribe"]}, "jti": "a"}
    ann, again = Peer(hub), Peer(hub)
    ann.token = again.token = jwt.encode(claims, SECRET, algorithm="HS256")
    channel = {"channel": "event:desk", "sub": "ann", "iat": 51.0}
    token = jwt.encode(channel, SECRET, algorithm="HS256")
    made = ann.connect().rpc("rtwidgets.token", ttl_s=60, sub="bob")["rpc"]["data"]["token"]
    ann.ask(subscribe={"channel": "event:desk", "token": token})
    told: list[Revocation] = []
    hub.on_revoke = told.append
    assert hub.revoke_and_keep(Revocation(user="ann", before=2.0)) == 1
    # Others hear of it as well: it must not be taken for a new one when its time has come.
    assert told == [Revocation(user="ann", before=51.0)]
    assert ann.connection.closing == (3500, "token revoked")
    assert ann.connection.cursors == {}
    again.now = 3.0
    again.send({"id": 1, "connect": {"token": again.token}})
    assert again.connection.closing == (3500, "token revoked")
    for text, now in ((made, 3.0), (ann.token, 60.0)):
        with pytest.raises(TokenError, match="revoked"):
            hub.tokens.credentials(text, now)
    new = jwt.encode({**claims, "iat": 55.0}, SECRET, algorithm="HS256")
    assert hub.tokens.credentials(new, 60.0).user == "ann"


def test_token_of_a_clock_that_is_ahead_is_refused_before_its_time() -> None:
    tokens = Tokens(SECRET, rules=TokenRules(leeway_s=60))
    tokens.revocations.add(Revocation(user="ann", before=2.0))
    text = jwt.encode({"sub": "ann", "iat": 51.0}, SECRET, algorithm="HS256")
    with pytest.raises(TokenError, match="revoked"):
        tokens.credentials(text, 3.0)


def test_what_is_kept_of_a_revocation_says_no_less_than_what_was_said_before() -> None:
    hub = make_hub()
    told: list[Revocation] = []
    hub.on_revoke = told.append
    owner = Peer(hub, "root", owner=True).connect()
    for more in ({}, {"expires_at_ms": 5_000}):
        owner.rpc("rtwidgets.revoke", jti="x", **more)
    hub.revoke(Revocation(user="ann", before=9.0))
    owner.rpc("rtwidgets.revoke", user="ann")
    assert told == [Revocation(jti="x"), Revocation(jti="x"), Revocation(user="ann", before=9.0)]


@pytest.mark.parametrize(
    "entry",
    [
        Revocation(jti="s1"),
        Revocation(jti="p1"),
        Revocation(jti="m1"),
        Revocation(user="root", before=0.0),
    ],
)
def test_revoked_subscription_token_ends_its_subscription_only(entry: Revocation) -> None:
    hub = make_hub()
    maker = {"sub": "root", "jti": "m1", "iat": 0}
    names = {"jti": "s1", "parent": "p1", "maker": maker}
    claims = {"sub": "ann", "channel": "event:desk", "iat": 0, **names}
    ann = Peer(hub, caps={"event:own": frozenset(("subscribe",))}).connect()
    token = jwt.encode(claims, SECRET, algorithm="HS256")
    assert "subscribe" in ann.ask(subscribe={"channel": "event:desk", "token": token})
    assert "subscribe" in ann.ask(subscribe={"channel": "event:own"})
    hub.revoke(entry)
    pushes = [message["push"] for message in ann.messages()]
    assert [(push["channel"], push["unsubscribe"]["code"]) for push in pushes] == [("event:desk", 2501)]
    assert ann.connection.closing is None and set(ann.connection.cursors) == {"event:own"}
    assert ann.ask(subscribe={"channel": "event:desk", "token": token})["error"]["code"] == 103


def test_a_connection_can_not_refresh_with_a_revoked_token() -> None:
    hub = make_hub()
    ann = Peer(hub).connect()
    other = Tokens(SECRET).mint(user="ann", caps={}, now=0.0, token_id="t2")
    hub.revoke(Revocation(jti="t2"))
    assert ann.connection.closing is None
    ann.send({"id": 9, "refresh": {"token": other}})
    assert ann.connection.closing == (3500, "token revoked")


def test_hub_signs_nothing_that_it_would_refuse() -> None:
    tokens = Tokens(SECRET, rules=TokenRules(algorithms=("RS256",)))
    with pytest.raises(TokenError, match=r"auth\.algorithms"):
        tokens.mint(user="ann", caps={}, now=0.0, token_id="t")
