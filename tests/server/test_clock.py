"""The system's clock is set, or a machine was asleep: what the hub does then, over real sockets."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest
from websockets.exceptions import ConnectionClosed

from rtwidgets.core.capabilities import ALL_VERBS
from rtwidgets.core.rules import Limits
from rtwidgets.server import app, clock
from rtwidgets.server.settings import AuthSection, Settings

from ..client.hub_process import SECRET
from .inner_hub import CHANNEL, InnerHub
from .sockets import Line, bare_line, open_line

HOUR_S = 3600.0
# There and back, and on from there.
JUMPS = (HOUR_S, -HOUR_S, -HOUR_S, HOUR_S, HOUR_S)


class Offset:
    """What is added to a clock."""

    def __init__(self) -> None:
        self.s = 0.0

    def on(self, read: Callable[[], float]) -> Callable[[], float]:
        return lambda: read() + self.s


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Offset:
    """The system's clock, which anybody may set."""
    offset = Offset()
    monkeypatch.setattr(time, "time", offset.on(time.time))
    return offset


@pytest.fixture
def asleep(monkeypatch: pytest.MonkeyPatch) -> Offset:
    """The time that a machine was asleep: the hub's own clock has gone on when it wakes."""
    offset = Offset()
    monkeypatch.setattr(app, "steady_clock", lambda: offset.on(clock.steady_clock()))
    return offset


def hub_of(limits: Limits) -> Iterator[InnerHub]:
    hub = InnerHub(Settings(limits=limits, auth=AuthSection(hmac_secret=SECRET)))
    yield hub
    hub.close()


@pytest.fixture
def pinging_hub() -> Iterator[InnerHub]:
    yield from hub_of(Limits(ping_interval_s=0.5, pong_timeout_s=0.4, publishes_per_s=20))


def hub_token(hub: InnerHub) -> Callable[[], str]:
    caps = {"*": frozenset(ALL_VERBS)}
    return lambda: hub.app.tokens.mint(user="ann", caps=caps, now=hub.app.now(), token_id="own", owner=True)


def publish(line: Line, number: int) -> None:
    assert "error" not in line.ask(publish={"channel": CHANNEL, "data": {"x": [number]}})


def seen_by(line: Line) -> list[int]:
    return [x for push in line.pushes if "pub" in push for x in push["pub"]["data"]["x"]]


def test_clock_that_is_set_changes_nothing_for_who_is_there(
    wall: Offset, pinging_hub: InnerHub, caplog: pytest.LogCaptureFixture
) -> None:
    hub = pinging_hub
    with open_line(hub) as line:
        own = line.ask(rpc={"method": "rtwidgets.token", "data": {"ttl_s": 60}})["rpc"]["data"]["token"]
        line.ask(subscribe={"channel": CHANNEL})
        for number, jump in enumerate(JUMPS):
            wall.s += jump
            publish(line, number)
            # Pings go on.
            while {} not in line.receive(1):
                pass
            with bare_line(hub) as other:
                # Tokens that the hub has made are as good as before, and so is what it keeps.
                assert "connect" in other.ask(connect={"token": own})
                history = other.ask(history={"channel": CHANNEL, "limit": 100})["history"]
                assert len(history["publications"]) == number + 1
        # Others' tokens come from the future now, which is said.
        with pytest.raises(ConnectionClosed, match="3500"), open_line(hub):
            pass
        # More than a second's worth at once: the rate is what it was.
        started = time.monotonic()
        for number in range(len(JUMPS), 40):
            publish(line, number)
        assert 0.2 < time.monotonic() - started < 5
        while len(seen_by(line)) < 40:
            line.receive()
        assert seen_by(line) == list(range(40))
    told = [record.getMessage() for record in caplog.records if "clock was set" in record.getMessage()]
    assert [float(text.split("it is ")[1].split(" s")[0]) for text in told] == [3600, 0, -3600, 0, 3600]


def test_hub_on_a_machine_that_slept_goes_on_and_tells_what_is_lost(asleep: Offset) -> None:
    for hub in hub_of(Limits(ping_interval_s=0.4, pong_timeout_s=0.2)):
        position: dict[str, object] = {}
        own = hub.call(hub_token(hub))
        for number in range(5):
            with bare_line(hub) as line:
                line.ask(connect={"token": own})
                reply = line.ask(subscribe={"channel": CHANNEL, **position})["subscribe"]
                # What was published before is older than it keeps: nobody is told that nothing was missed.
                assert bool(reply.get("recovered")) is False
                position = {"recover": True, "epoch": reply["epoch"], "offset": reply.get("offset", 0)}
                publish(line, number)
                asleep.s += 2 * HOUR_S
                try:
                    # The ping that was due comes now, and who answers stays.
                    while {} not in line.receive(2):
                        pass
                    publish(line, number)
                except ConnectionClosed as ended:
                    # An answer was due, too: it is told to come back.
                    assert ended.rcvd is not None and ended.rcvd.code == 3012


def test_hubs_clock_goes_back_in_no_case(wall: Offset) -> None:
    read = clock.steady_clock()
    last = read()
    for jump in JUMPS:
        wall.s += jump
        now = read()
        assert last <= now < last + 1
        last = now


def test_clock_watch_tells_of_each_change_once(wall: Offset) -> None:
    watch = clock.ClockWatch(clock.steady_clock())
    assert watch.news() is None
    wall.s = 4
    assert watch.news() is None
    wall.s = HOUR_S
    assert watch.news() == pytest.approx(HOUR_S, abs=0.1)
    assert watch.news() is None
