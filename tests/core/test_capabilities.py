from __future__ import annotations

import re

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rtwidgets.core.capabilities import Caps, Credentials, covers, joined
from rtwidgets.core.origins import hosts_of, parse_origin
from rtwidgets.core.patterns import (
    MAX_PATTERN_CHARS,
    MAX_PATTERNS,
    MAX_STARS,
    MAX_WITH_STARS,
    Pattern,
    Rights,
    matches,
    reaches,
)
from rtwidgets.core.rules import Verb
from rtwidgets.core.tokens import TokenError, TokenExpired, Tokens

from .peers import SECRET, Peer, make_hub

texts = st.text(alphabet="ab:*", max_size=5)


def test_star_stands_for_any_characters_and_nothing_else_does() -> None:
    assert matches("stream:*", "stream:a/b")
    assert matches("*", "anything")
    assert matches("a*c", "abc") and not matches("a*c", "abd")
    assert not matches("stream.a", "stream:a")
    assert not matches("", "a")


@given(st.text(alphabet="ab*", max_size=8), st.text(alphabet="ab", max_size=12))
def test_patterns_mean_what_a_regular_expression_says(pattern: str, target: str) -> None:
    assert matches(pattern, target) == bool(re.fullmatch(pattern.replace("*", ".*"), target))


def test_pattern_with_many_stars_takes_no_time() -> None:
    """A user may have a token made with it, and every subscribe would stop the hub for ever."""
    assert not matches("stream:" + "*a" * 60 + "b", "stream:" + "a" * 200)
    assert matches("stream:" + "*a" * 60, "stream:" + "a" * 200)


@given(texts, texts, st.lists(texts, min_size=3, max_size=3))
def test_covered_pattern_never_reaches_further(wide: str, narrow: str, fills: list[str]) -> None:
    verbs: Caps = {narrow: frozenset(("subscribe",))}
    if covers({wide: frozenset(("subscribe",))}, verbs):
        target = narrow
        for fill in fills:
            target = target.replace("*", fill.replace("*", ""), 1)
        target = target.replace("*", "")
        assert matches(narrow, target) and matches(wide, target)


@pytest.mark.parametrize("algorithm", ["HS384", "HS512", "none"])
def test_only_the_listed_algorithms_are_accepted(algorithm: str) -> None:
    key = "" if algorithm == "none" else SECRET * 3
    token = jwt.encode({"sub": "ann"}, key, algorithm=algorithm)
    with pytest.raises(TokenError):
        Tokens(SECRET * 3).credentials(token, 0.0)


def test_token_of_another_secret_is_refused() -> None:
    token = Tokens("x" * 32).mint(user="ann", caps={}, now=0.0, token_id="t")
    with pytest.raises(TokenError):
        Tokens(SECRET).credentials(token, 0.0)
    with pytest.raises(TokenError):
        Tokens(None).credentials(token, 0.0)


def test_expiry_has_a_little_leeway() -> None:
    tokens = Tokens(SECRET)
    token = tokens.mint(user="ann", caps={}, now=0.0, token_id="t", ttl_s=10)
    assert tokens.credentials(token, 14.0).user == "ann"
    with pytest.raises(TokenExpired):
        tokens.credentials(token, 16.0)


@pytest.mark.parametrize(
    "claims",
    [{"caps": {"a": ["fly"]}}, {"sub": 5}, {"exp": "soon"}, {"caps": []}, {"nbf": 1e12}, {"channel": "a"}],
)
def test_unusable_claims_are_refused(claims: dict[str, object]) -> None:
    token = jwt.encode(claims, SECRET, algorithm="HS256")
    with pytest.raises(TokenError):
        Tokens(SECRET).credentials(token, 0.0)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("http://localhost:8888", "http://localhost:8888"),
        ("HTTPS://Lab.Example.org:443", "https://lab.example.org"),
        ("http://[::1]:80", "http://[::1]"),
        ("null", None),
        ("http://a/", None),
        ("http://a:99999", None),
        ("http://a:0", None),
        ("http://a@b", None),
        ("http://a b", None),
        ("http://a\n", None),
        ("ftp://a", None),
        ("", None),
    ],
)
def test_origins_are_read_exactly(text: str, parsed: str | None) -> None:
    assert parse_origin(text) == parsed


def test_host_headers_of_an_origin_may_name_the_schemes_own_port() -> None:
    assert hosts_of("https://lab.example.org") == {"lab.example.org", "lab.example.org:443"}
    assert hosts_of("http://lab.example.org:443") == {"lab.example.org:443"}
    assert hosts_of("http://[::1]:8090") == {"[::1]:8090"}
    assert hosts_of("http://[::1]") == {"[::1]", "[::1]:80"}


SEE: frozenset[Verb] = frozenset(("subscribe",))
TOO_MUCH = [
    ({f"stream:{number}": SEE for number in range(MAX_PATTERNS + 1)}, "at most 1000 patterns"),
    ({f"*{number}": SEE for number in range(MAX_WITH_STARS + 1)}, "at most 128 patterns with a star"),
    ({"stream:" + "x" * MAX_PATTERN_CHARS: SEE}, "at most 255 characters"),
    ({"stream:" + "*a" * (MAX_STARS + 1): SEE}, "at most 4 stars"),
]


@pytest.mark.parametrize(("caps", "says"), TOO_MUCH, ids=["patterns", "stars", "long", "many stars"])
def test_patterns_that_are_a_burden_are_neither_made_nor_accepted(caps: Caps, says: str) -> None:
    tokens = Tokens(SECRET)
    with pytest.raises(ValueError, match=says):
        tokens.mint(user="ann", caps=caps, now=0.0, token_id="t")
    verbs = {pattern: sorted(each) for pattern, each in caps.items()}
    if len(verbs) <= MAX_WITH_STARS + 1:  # more do not fit into one token
        with pytest.raises(TokenError, match=says):
            tokens.credentials(tokens.sign({"sub": "ann", "caps": verbs}), 0.0)
    half = len(caps) // 2
    parts = [
        Credentials("ann", caps=dict(list(caps.items())[start : start + half + 1])) for start in (0, half)
    ]
    with pytest.raises(ValueError, match=says):
        joined(parts)
    reply = Peer(make_hub()).connect().rpc("rtwidgets.token", ttl_s=60, caps=verbs)
    assert reply["error"]["code"] == 107 and says in reply["error"]["message"]


def test_right_is_looked_up_without_going_through_patterns_that_have_no_star(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried: list[Pattern] = []

    def fits(pattern: Pattern, target: str) -> bool:
        tried.append(pattern)
        return False

    monkeypatch.setattr(Pattern, "fits", fits)
    rights = Rights(
        {f"stream:{number}": SEE for number in range(900)} | {"*x": SEE, "table:*": frozenset(("publish",))}
    )
    assert rights.give("subscribe", "stream:7") and not tried
    assert not rights.give("subscribe", "stream:x") and len(tried) == 1
    assert not rights.give("subscribe", "stream:" + "x" * 10_000) and len(tried) == 1
    tried.clear()
    # What is looked for are the places where the scope can end: behind a slash or within a star.
    assert not reaches("*" + "b" * 200 + "/x", "command:" + "a" * 200 + "/") and len(tried) <= 2
