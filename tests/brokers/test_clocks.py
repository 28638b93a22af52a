"""A hub whose clock is wrong shares a broker with hubs whose clocks are right."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest
from websockets.exceptions import ConnectionClosed

from rtwidgets.core.capabilities import ALL_VERBS
from rtwidgets.core.rules import Limits
from rtwidgets.server import app, clock
from rtwidgets.server.settings import AuthSection, HubSection, Settings

from ..client.hub_process import SECRET
from ..server.inner_hub import InnerHub
from ..server.sockets import Line, bare_line
from .redis_server import RedisServer
from .test_nodes import rpc, until

# Longer than history is kept.
OFF_S = 7_200.0

Make = Callable[[float], InnerHub]


@pytest.fixture
def make(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Make hubs of one broker, each with a clock that is off by so much."""
    # Not the database of the hubs that other tests share.
    broker = redis.url.replace("/0", "/2")
    settings = Settings(
        hub=HubSection(broker=broker),
        auth=AuthSection(hmac_secret=SECRET),
        limits=Limits(connects_per_ip_per_s=0),
    )
    with ExitStack() as hubs:

        def hub(off_s: float) -> InnerHub:
            read = clock.steady_clock()
            monkeypatch.setattr(app, "steady_clock", lambda: lambda: read() + off_s)
            made = InnerHub(settings)
            hubs.callback(made.close)
            return made

        yield hub


def token_of(hub: InnerHub, user: str) -> str:
    """Return a token that was made at a hub, by its clock."""
    caps = {"*": frozenset(ALL_VERBS)}
    tokens, now = hub.app.tokens, hub.app.now()
    return hub.call(lambda: tokens.mint(user=user, caps=caps, now=now, token_id=user, owner=True))


@contextmanager
def line_at(hub: InnerHub, token: str) -> Iterator[Line]:
    with bare_line(hub) as line:
        assert "connect" in line.ask(connect={"token": token})
        yield line


@pytest.mark.parametrize("off_s", [OFF_S, -OFF_S], ids=["ahead", "behind"])
def test_wrong_clock_of_one_hub_does_others_no_harm(
    make: Make, name: str, off_s: float, caplog: pytest.LogCaptureFixture
) -> None:
    channel = f"event:{name}"
    right, wrong = make(0), make(off_s)
    eves = token_of(right, user := f"eve-{off_s:g}")
    with line_at(right, token_of(right, "ann")) as ann, line_at(wrong, token_of(wrong, "bob")) as bob:
        for number, line in enumerate((ann, ann, bob, ann)):
            assert "error" not in line.ask(publish={"channel": channel, "data": number})
        with line_at(late := make(0), token_of(late, user)) as eve:
            for line in (ann, bob, eve):
                kept = line.ask(history={"channel": channel, "limit": 10})["history"]["publications"]
                assert [pub["data"] for pub in kept] == [0, 1, 2, 3]
                assert all(abs(pub["time"] / 1_000 - time.time()) < 60 for pub in kept)
        # All that was issued to a user until now is revoked, at every hub.
        rpc(bob, "revoke", user=user)
        until(lambda: _is_refused(right, eves))
    said = [record.getMessage() for record in caplog.records if "publications have its times" in record.msg]
    assert len(said) == 1 and f"is {-off_s:+.0f} s from" in said[0]


def _is_refused(hub: InnerHub, token: str) -> bool:
    try:
        with line_at(hub, token):
            return False
    except ConnectionClosed:
        return True
