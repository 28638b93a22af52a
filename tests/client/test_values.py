from __future__ import annotations

import os
import signal
import threading
import time
from datetime import date

import pytest

from rtwidgets.client import values
from rtwidgets.client.hub import Hub
from rtwidgets.client.values import Version
from rtwidgets.errors import (
    ChannelError,
    ConflictError,
    OutcomeUnknownError,
    PermissionDeniedError,
    ReplyTimeoutError,
)

from .conftest import Join, eventually
from .hub_process import HubProcess, token


def test_version_rises_with_each_set_and_is_the_same_for_all(join: Join) -> None:
    one, two = join(), join()
    here, there = one.value("set1"), two.value("set1")
    assert (here.version, here.changed_by) == (0, None)
    here.set(5, if_version=0)
    here.set(6)
    one.flush()
    eventually(lambda: there.version == 2 and here.version == 2)
    assert (here.get(), there.get()) == (6, 6)


def test_who_set_it_is_the_hubs_word(join: Join) -> None:
    before = time.time()
    one, two = join(), join(own_token=token("bob"))
    two.value("set2").set({"user": "root", "name": "Boss"})
    two.flush()
    value = one.value("set2")
    by = value.changed_by
    assert by is not None and (by.user, by.name) == ("bob", "Bob")
    assert before - 1 < by.time < time.time() + 1
    one.value("set2").set(1)
    eventually(lambda: value.changed_by is not None and value.changed_by.name == "Ann")


def test_a_default_was_set_by_nobody(join: Join) -> None:
    by = join().value("set3", default=1).changed_by
    assert by is not None and (by.user, by.name) == ("", "")


def test_of_many_who_set_one_version_exactly_one_wins(join: Join) -> None:
    hubs = [join(own_token=token(f"user{n}")) for n in range(4)]
    rounds, threads = 25, 16
    won: list[list[str]] = [[] for _ in range(rounds)]
    lost = 0
    lock = threading.Lock()
    gate = threading.Barrier(threads)

    def contend(number: int) -> None:
        nonlocal lost
        value = hubs[number % len(hubs)].value("race")
        for turn in range(rounds):
            gate.wait()
            try:
                value.set(f"{turn} {number}", if_version=turn)
            except ConflictError:
                with lock:
                    lost += 1
            else:
                with lock:
                    won[turn].append(f"{turn} {number}")

    crowd = [threading.Thread(target=contend, args=(number,)) for number in range(threads)]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert [len(winners) for winners in won] == [1] * rounds
    assert lost == rounds * (threads - 1)
    for hub in hubs:
        value = hub.value("race")
        assert value.get() == won[-1][0]
        assert value.version == rounds


def test_a_counter_that_many_count_up_loses_nothing(join: Join) -> None:
    hubs = [join() for _ in range(3)]
    each = 20

    def count(hub: Hub) -> None:
        value = hub.value("counter")
        for _ in range(each):
            while True:
                version = value.version
                try:
                    value.set((value.get() or 0) + 1, if_version=version)
                    break
                except ConflictError:
                    continue

    crowd = [threading.Thread(target=count, args=(hub,)) for hub in hubs]
    for thread in crowd:
        thread.start()
    for thread in crowd:
        thread.join()
    assert join().value("counter").get() == len(hubs) * each


def test_late_echoes_of_what_we_set_do_not_bring_it_back(join: Join) -> None:
    hub = join()
    value = hub.value("set10")
    seen: list[int] = []
    value.on_change(lambda _: seen.append(value.get()))
    value._wait()
    for n in range(2_000):
        value.set(n)
        if n % 20 == 0:
            assert hub.flush()
            assert value.get() == n
    latest = join().value("set10").version
    eventually(lambda: value.version == latest)
    assert seen == sorted(seen)


def test_what_was_set_is_known_at_once(join: Join) -> None:
    value = join().value("set9")
    for n in range(100):
        value.set(n, if_version=value.version)
        assert (value.get(), value.version) == (n, n + 1)


def test_conflict_says_how_the_value_stands(join: Join) -> None:
    join(own_token=token("bob")).value("set4").set([1, 2], if_version=0)
    with pytest.raises(ConflictError) as caught:
        join().value("set4").set(9, if_version=0)
    assert caught.value.code == 1005
    assert str(caught.value) == (
        "'value:set4' is not at version 0 any more, but at 1: [1,2], set by Bob (code 1005)"
    )


def test_what_was_set_before_does_not_arrive_after_it(join: Join) -> None:
    hub, other = join(), join()
    value = hub.value("set5")
    for n in range(50):
        value.set(n)
    with pytest.raises(ConflictError):
        value.set("late", if_version=0)
    version = value.version
    value.set("last", if_version=version)
    assert other.value("set5").get() == "last"


def test_viewer_is_refused_by_the_hub(join: Join) -> None:
    join().value("set6").set(1, if_version=0)
    viewer = join(own_token=token("eve", owner=False, caps={"value:*": ["subscribe"]}))
    value = viewer.value("set6")
    assert value.version == 1
    with pytest.raises(PermissionDeniedError):
        value.set(2, if_version=1)
    assert (value.get(), value.version) == (1, 1)


def test_what_is_no_json_is_said_before_it_is_sent(join: Join) -> None:
    value = join().value("set7")
    with pytest.raises(ChannelError, match="can't be sent as JSON"):
        value.set(object(), if_version=0)
    value.set(date(2026, 11, 25), if_version=0)
    assert value.get() == "2026-11-25"


def test_version_of_a_hub_that_was_started_again_is_no_version(mortal_hub: HubProcess, join: Join) -> None:
    hub = join(mortal_hub.url)
    value = hub.value("limit", default=1)
    old = value.version
    assert old == 1
    mortal_hub.kill()
    mortal_hub.start()
    eventually(lambda: hub.state == "connected" and value.version.epoch != old.epoch)
    # The default was declared anew: the number is the same, the value may not be.
    assert value.version == 1
    with pytest.raises(ConflictError):
        value.set(5, if_version=old)
    value.set(5, if_version=value.version)
    assert value.version == Version(2)


def test_a_hub_that_is_away_is_said_and_nothing_is_set_later(
    mortal_hub: HubProcess, join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(values, "RPC_TIMEOUT_S", 0.5)
    hub = join(mortal_hub.url)
    value = hub.value("limit", default=1)
    version = value.version
    mortal_hub.kill()
    eventually(lambda: hub.state != "connected")
    with pytest.raises(ReplyTimeoutError):
        value.set(2, if_version=version)
    value.set(3)
    with pytest.raises(ReplyTimeoutError, match="what was set before to 'value:limit' has not reached"):
        value.set(4, if_version=version)
    mortal_hub.start()
    assert hub.flush(20)
    eventually(lambda: hub.state == "connected" and value.version.epoch != version.epoch)
    assert value.get() == 3


def test_an_answer_that_was_lost_is_said_to_be_unknown(mortal_hub: HubProcess, join: Join) -> None:
    hub = join(mortal_hub.url)
    value = hub.value("limit", default=1)
    version = value.version
    os.kill(mortal_hub.pid, signal.SIGSTOP)
    caught: list[Exception] = []

    def set_it() -> None:
        try:
            value.set(2, if_version=version)
        except Exception as error:
            caught.append(error)

    setter = threading.Thread(target=set_it)
    setter.start()
    eventually(lambda: hub._link.driver.exchange._waiting)
    mortal_hub.kill()
    setter.join()
    assert len(caught) == 1 and isinstance(caught[0], OutcomeUnknownError)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_function_that_wants_to_end_the_process_is_called_again(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    value = join().value("leave")
    seen: list[object] = []

    @value.on_change
    def leave(number: int) -> None:
        seen.append(("plain", number))
        raise SystemExit(3)

    @value.on_change
    async def leave_async(number: int) -> None:
        seen.append(("async", number))
        raise SystemExit(3)

    value._wait()
    for number in (1, 2):
        value.set(number)
        eventually(lambda number=number: {("plain", number), ("async", number)} <= set(seen))  # type: ignore[misc]
    eventually(lambda: caplog.text.count("on_change of 'value:leave' failed") == 4)
