"""Calls between processes that are killed, stopped and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rtwidgets.client.calls import Call
from rtwidgets.client.hub import Hub
from rtwidgets.errors import CallCancelledError, DeadlineError, OutcomeUnknownError

from .conftest import Join, eventually
from .hub_process import HubProcess, Proxy, environment, token

HANDLER = Path(__file__).with_name("handler_process.py")

StartHandler = Callable[[], "subprocess.Popen[bytes]"]


@pytest.fixture
def start_handler(mortal_hub: HubProcess) -> Iterator[StartHandler]:
    """Start processes that serve `work` at the hub of this test."""
    started: list[subprocess.Popen[bytes]] = []

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [sys.executable, str(HANDLER), mortal_hub.url, token("worker")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment(),
        )
        started.append(process)
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def hub(mortal_hub: HubProcess, join: Join) -> Hub:
    return join(mortal_hub.url)


@pytest.fixture
def marks(tmp_path: Path) -> Path:
    """A file with a line for every start of the command."""
    return tmp_path / "marks"


def begin(hub: Hub, marks: Path, seconds: float, **options: Any) -> Call:
    """Call and return once the handler is at work."""
    call = hub.start("work", seconds=seconds, marks=str(marks), **options)
    eventually(lambda: call.progress.note == "working")
    return call


def audit_of(hub: Hub) -> list[str]:
    return [entry.data["what"] for entry in hub.event("rtwidgets.audit").history(20)]


def test_killed_handler_leaves_the_outcome_unknown_and_another_takes_over(
    hub: Hub, start_handler: StartHandler, marks: Path
) -> None:
    first = start_handler()
    call = begin(hub, marks, 30)
    second = start_handler()
    first.kill()
    killed_at = time.monotonic()
    with pytest.raises(
        OutcomeUnknownError, match="the handler of 'work' went away; whether it acted is unknown"
    ):
        call.result(10)
    assert time.monotonic() - killed_at < 2
    assert call.state == "unknown"
    (row,) = hub.table("rtwidgets.calls").rows()
    assert (row["state"], row["note"]) == ("unknown", "working")
    assert audit_of(hub) == ["started", "unknown"]
    # Asked for again with its key it is not started again, as it may have acted.
    with pytest.raises(OutcomeUnknownError):
        hub.call("work", seconds=30, marks=str(marks), key=call.key)
    assert hub.call("work", seconds=0, marks=str(marks)) == second.pid
    assert marks.read_text().split() == [str(first.pid), str(second.pid)]


def test_stopped_handler_is_too_late_and_its_answer_is_dropped(
    hub: Hub, start_handler: StartHandler, marks: Path
) -> None:
    handler = start_handler()
    call = begin(hub, marks, 0.6, timeout_s=1)
    os.kill(handler.pid, signal.SIGSTOP)
    with pytest.raises(DeadlineError):
        call.result(10)
    os.kill(handler.pid, signal.SIGCONT)
    assert hub.call("work", seconds=0, marks=str(marks)) == handler.pid
    with pytest.raises(DeadlineError):
        hub.call("work", seconds=0.6, marks=str(marks), key=call.key)
    assert audit_of(hub) == ["started", "deadline", "started", "done"]


def test_call_is_cancelled_in_another_process(hub: Hub, start_handler: StartHandler, marks: Path) -> None:
    start_handler()
    call = begin(hub, marks, 30)
    call.cancel()
    with pytest.raises(CallCancelledError, match="the call of 'work' was cancelled by Ann"):
        call.result(10)
    assert audit_of(hub) == ["started", "cancelling", "cancelled"]


def test_hub_that_is_started_again_mid_way_says_unknown_and_goes_on(
    mortal_hub: HubProcess, hub: Hub, start_handler: StartHandler, marks: Path
) -> None:
    handler = start_handler()
    keyed = begin(hub, marks, 1)
    plain = hub.portal.spawn(
        hub._link.rpc_async(
            "rtwidgets.call", {"command": "work", "args": {"seconds": 1, "marks": str(marks)}}, 20, once=True
        )
    )
    eventually(lambda: marks.read_text().count("\n") == 2)
    mortal_hub.kill()
    with pytest.raises(OutcomeUnknownError, match="the connection to the hub ended before the answer"):
        plain.result(10)
    mortal_hub.start()
    with pytest.raises(OutcomeUnknownError, match="is another one since before 'work' answered"):
        keyed.result(20)
    eventually(lambda: any(row["name"] == "work" for row in hub.table("rtwidgets.commands").rows()))
    # The late answers of the first two calls are nobody's.
    assert hub.call("work", seconds=1, marks=str(marks)) == handler.pid
    assert marks.read_text().count("\n") == 3, "nothing was started again"


def test_call_with_a_key_outlives_the_callers_connection(
    mortal_hub: HubProcess, join: Join, start_handler: StartHandler, marks: Path
) -> None:
    handler = start_handler()
    proxy = Proxy(mortal_hub.port)
    try:
        caller = join(f"http://127.0.0.1:{proxy.port}")
        call = begin(caller, marks, 1)
        proxy.cut()
        assert call.result(20) == handler.pid
        assert caller.state == "connected"
    finally:
        proxy.close()
    assert marks.read_text() == f"{handler.pid}\n"


def test_call_goes_on_when_its_caller_has_gone(
    mortal_hub: HubProcess, hub: Hub, join: Join, start_handler: StartHandler, marks: Path
) -> None:
    handler = start_handler()
    leaving = join(mortal_hub.url)
    key = begin(leaving, marks, 0.5).key
    leaving.close()
    calls = hub.table("rtwidgets.calls")
    eventually(lambda: [row["state"] for row in calls.rows()] == ["done"])
    assert audit_of(hub) == ["started", "done"]
    assert hub.call("work", seconds=0.5, marks=str(marks), key=key) == handler.pid
    assert marks.read_text().count("\n") == 1
