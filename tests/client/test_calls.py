"""Calls under way: progress, cancel, keys, and handlers that hang."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
import uuid
from collections.abc import Awaitable
from typing import Any

import pytest

import rtwidgets as rt
from rtwidgets.client import running
from rtwidgets.client.slots import (
    MAX_CALLS,
    MAX_CALLS_OF_BOTH,
    MAX_CALLS_OF_CALLER,
    MAX_CALLS_OF_COMMAND,
    Slots,
)
from rtwidgets.client.workers import call_slots
from rtwidgets.errors import (
    CallCancelledError,
    ChannelError,
    CommandNameError,
    DeadlineError,
    HandlerAwayError,
    HandlerFailedError,
    PermissionDeniedError,
    ReplyError,
)

from .conftest import Join, eventually
from .hub_process import token


class Gate:
    """Lets a handler wait, and tests know that it does."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.opened = threading.Event()

    def wait(self) -> None:
        self.reached.set()
        assert self.opened.wait(20)


def test_progress_is_seen_by_the_caller_and_by_everybody_else(join: Join) -> None:
    server, caller, watcher = join(), join(), join()
    gate = Gate()

    @server.command
    def load(rows: int) -> int:
        for row in range(rows):
            rt.progress(row / rows, f"row {row}")
            time.sleep(0.0005)
        gate.wait()
        return rows

    calls = watcher.table("rtwidgets.calls")
    calls.rows()
    started_at = time.monotonic()
    told: list[object] = []
    calls._tap(told.append)
    heard: list[tuple[float | None, str]] = []
    call = caller.start("load", rows=1_000, on_progress=lambda *progress: heard.append(progress))
    eventually(lambda: call.progress == (0.999, "row 999"))
    assert call.state == "running"
    # A loop that reports every row does not flood the hub.
    assert 2 <= len(told) <= 5 + 10 * (time.monotonic() - started_at)
    (row,) = (row for row in calls.rows() if row["key"] == call.key)
    assert (row["command"], row["user"], row["state"]) == ("load", "ann", "running")
    gate.opened.set()
    assert call.result(10) == 1_000
    assert call.state == "done"
    eventually(lambda: heard and heard[-1] == (0.999, "row 999"))
    assert "load" in repr(call) and "100%" in repr(call) and "row 999" in repr(call)


def test_calling_the_function_itself_reports_to_nobody(join: Join) -> None:
    @join().command
    def plain() -> bool:
        rt.progress(0.5, "half")
        return rt.cancelled()

    assert plain() is False
    with pytest.raises(ValueError, match="from 0 to 1, not 50"):
        rt.progress(50)


def test_cancel_ends_a_loop_at_its_next_word(join: Join) -> None:
    server, caller, other = join(), join(), join()
    ended = threading.Event()

    @server.command
    def count() -> None:
        try:
            while True:
                rt.progress(None, "counting")
                time.sleep(0.01)
        finally:
            ended.set()

    call = caller.start("count")
    eventually(lambda: call.progress.note == "counting")
    rows = other.table("rtwidgets.calls").rows()
    (call_id,) = (row["id"] for row in rows if row["key"] == call.key)
    other._link.rpc("rtwidgets.cancel", {"call": call_id})
    with pytest.raises(CallCancelledError, match="cancelled by Ann"):
        call.result(10)
    assert call.state == "cancelled"
    assert ended.is_set()
    assert count.last_error == "", "to be cancelled is no failure"
    call.cancel()


def test_async_handler_is_cancelled_as_a_task_and_can_clean_up(join: Join) -> None:
    server, caller = join(), join()
    waiting, cleaned = threading.Event(), threading.Event()

    @server.command
    async def wait_for_ever() -> None:
        waiting.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned.set()

    @server.command
    async def finish_all_the_same() -> str:
        waiting.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            rt.cancelled()
        return "finished"

    call = caller.start("wait_for_ever")
    assert waiting.wait(10)
    call.cancel()
    with pytest.raises(CallCancelledError):
        call.result(10)
    assert cleaned.wait(10)
    waiting.clear()
    call = caller.start("finish_all_the_same")
    assert waiting.wait(10)
    call.cancel()
    assert call.result(10) == "finished", "how it ends is the handler's to say"


def test_deadline_ends_handlers_too(join: Join) -> None:
    server, caller = join(), join()
    stopped: list[str] = []

    @server.command
    def loops() -> None:
        try:
            while True:
                rt.progress()
                time.sleep(0.01)
        except CallCancelledError as error:
            stopped.append(str(error))
            raise

    @server.command
    async def sleeps() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            stopped.append("task")
            raise

    for name in ("loops", "sleeps"):
        with pytest.raises(DeadlineError):
            caller.call(name, timeout_s=0.2)
    eventually(lambda: len(stopped) == 2)
    assert "not answered before its deadline" in stopped[0]
    assert (loops.last_error, sleeps.last_error) == ("", "")


def test_handlers_that_never_return_do_not_keep_others_from_running(
    join: Join, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BLOCKED_AFTER_S", 0.1)
    server, other = join(), join(own_token=token("eve"))
    bobs = [join(own_token=token("bob")) for _ in range(4)]
    gate = Gate()

    @server.command
    def hang(really: bool = True) -> str:
        if really:
            gate.opened.wait(30)
        return "ended"

    @server.command
    def add(a: int, b: int) -> int:
        return a + b

    calls = [bobs[number % 4].start("hang", timeout_s=1.5) for number in range(200)]
    errors: list[Exception] = []
    for call in calls:
        with pytest.raises((DeadlineError, HandlerFailedError)) as caught:
            call.result(10)
        errors.append(caught.value)
    refused = [str(error) for error in errors if isinstance(error, HandlerFailedError)]
    assert len(refused) == 200 - MAX_CALLS_OF_BOTH
    assert set(refused) == {refused[0]}
    assert "Busy: 'hang' was not started: its process runs 64 calls of 'hang' for this caller" in refused[0]
    # Another command, and another caller, although none of them has ended.
    assert bobs[0].call("add", a=1, b=2, timeout_s=5) == 3
    assert other.call("hang", really=False, timeout_s=5) == "ended"
    heard: list[object] = []
    channel = server.event("still/here")
    channel.on_event(heard.append)
    channel.send("callbacks run, too")
    eventually(lambda: heard)
    eventually(lambda: "'hang' goes on after the deadline" in caplog.text)
    assert caplog.text.count("goes on after the deadline") == 1
    gate.opened.set()
    eventually(lambda: not call_slots()._held)
    assert bobs[0].call("hang", timeout_s=5) == "ended"


def test_no_caller_and_no_command_takes_all_places() -> None:
    slots = Slots()
    callers = [f"caller {number}" for number in range(MAX_CALLS)]
    assert sum(not slots.take("hang", caller, "hang") for caller in callers) == MAX_CALLS_OF_COMMAND
    taken = sum(not slots.take(command, "bob", str(command)) for command in range(MAX_CALLS))
    assert taken == MAX_CALLS_OF_CALLER
    assert slots.take("add", "eve", "add") == ""
    assert "calls of all commands for this caller" in slots.take("add", "bob", "add")
    slots.give_back("add", "eve")
    for caller in callers[:MAX_CALLS_OF_COMMAND]:
        slots.give_back("hang", caller)
    for command in range(MAX_CALLS_OF_CALLER):
        slots.give_back(command, "bob")
    assert not slots._held
    assert sum(not slots.take(caller, caller, caller) for caller in [*callers, "one more"]) == MAX_CALLS


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_async_handler_that_blocks_its_loop_does_not_keep_others_from_running(
    join: Join, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BLOCKED_AFTER_S", 0.3)
    server, caller = join(), join()
    gate = Gate()

    @server.command
    async def block() -> None:
        gate.opened.wait(30)

    @server.command
    async def answer() -> int:
        return 42

    with pytest.raises(DeadlineError):
        caller.call("block", timeout_s=0.1)
    eventually(lambda: "blocks the loop of async functions" in caplog.text)
    assert caller.call("answer", timeout_s=5) == 42
    gate.opened.set()


def test_same_key_starts_once(join: Join) -> None:
    server, caller, again = join(), join(), join()
    gate = Gate()
    runs: list[int] = []

    @server.command
    def pay(amount: int) -> int:
        runs.append(amount)
        gate.wait()
        return amount

    key = uuid.uuid4().hex
    first = caller.start("pay", amount=5, key=key)
    assert gate.reached.wait(10)
    second = again.start("pay", amount=5, key=key)
    with pytest.raises(ReplyError, match="was used with other arguments of 'pay'"):
        again.call("pay", amount=6, key=key)
    gate.opened.set()
    assert (first.result(10), second.result(10)) == (5, 5)
    assert caller.call("pay", amount=5, key=key) == 5
    assert runs == [5]


def test_what_is_wrong_is_said_before_anything_is_sent(join: Join) -> None:
    hub = join()
    with pytest.raises(TypeError, match=r"timeout_s is a number of seconds, such as .*, not '5s'"):
        hub.call("halt", timeout_s="5s")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="timeout_s must be above 0 and at most 3600, not 7200"):
        hub.call("halt", timeout_s=7_200)
    with pytest.raises(ChannelError, match="the arguments of 'halt' can't be sent as JSON"):
        hub.call("halt", what=object())
    with pytest.raises(ChannelError, match="the arguments of 'halt' takes 1000011 bytes"):
        hub.call("halt", text="x" * 1_000_000)
    with pytest.raises(CommandNameError, match=r"command name 'a\*' is not allowed"):
        hub.command(name="a*")(print_nothing)


def print_nothing() -> None:
    pass


def test_owner_has_the_traceback_and_the_caller_type_and_message(
    join: Join, caplog: pytest.LogCaptureFixture
) -> None:
    server, caller = join(), join()

    @server.command
    def find(name: str) -> str:
        return {"a": "b"}[name]

    @server.command
    def leave() -> None:
        raise SystemExit(3)

    @server.command
    def leave_later() -> Awaitable[None]:
        async def leave() -> None:
            raise SystemExit(3)

        return leave()

    @server.command
    def large() -> str:
        return "x" * 1_000_000

    assert find.last_error == ""
    with pytest.raises(HandlerFailedError, match="KeyError: 'c'"):
        caller.call("find", name="c")
    assert 'return {"a": "b"}[name]' in find.last_error
    assert "command 'find' failed" in caplog.text and "KeyError" in caplog.text
    caplog.clear()
    with pytest.raises(HandlerFailedError, match="TypeError: argument 'name': Expected `str`, got `int`"):
        caller.call("find", name=7)
    assert caplog.text == "", "what the caller gave is no fault of the owner's"
    with pytest.raises(HandlerFailedError, match="SystemExit: 3"):
        caller.call("leave")
    with pytest.raises(HandlerFailedError, match="RuntimeError: a handler raised SystemExit"):
        caller.call("leave_later", timeout_s=5)
    with pytest.raises(HandlerFailedError, match="the result of 'large' takes 1000002 bytes, the hub takes"):
        caller.call("large")


def test_commands_of_a_scope_are_called_by_their_whole_name(join: Join) -> None:
    server = join()
    editor = join(own_token=token("ed", owner=False, caps={"command:morning/*": ["command"]}))

    @server.command(name="morning/halt")
    def halt() -> str:
        rt.progress(0.5)
        return "halted"

    assert halt.name == "morning/halt"
    call = editor.start("morning/halt")
    assert call.result(10) == "halted"
    assert {row["name"] for row in editor.table("morning/rtwidgets.commands").rows()} == {"morning/halt"}
    with pytest.raises(PermissionDeniedError, match="no right to call the command 'halt'"):
        editor.call("halt")
    audit = [entry.data for entry in server.event("morning/rtwidgets.audit").history(10)]
    mine = [(entry["what"], entry["user"]) for entry in audit if entry["user"] == "ed"]
    assert mine == [("started", "ed"), ("done", "ed")]


def test_several_processes_share_the_calls(join: Join) -> None:
    one, two, caller = join(), join(), join()

    def where(name: str) -> Any:
        def shared() -> str:
            time.sleep(0.05)
            return name

        return shared

    one.command(name="shared")(where("one"))
    second = two.command(name="shared")(where("two"))
    calls = [caller.start("shared") for _ in range(10)]
    assert sorted(call.result(10) for call in calls) == ["one"] * 5 + ["two"] * 5
    second.close()
    assert caller.call("shared") == "one"


def test_state_of_a_call_that_nobody_serves(join: Join) -> None:
    call = join().start("nobody/serves-this")
    with pytest.raises(HandlerAwayError):
        call.result(10)
    assert call.state == "away"


class UnspeakableError(Exception):
    """Raises whatever it is asked."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    @property
    def __notes__(self) -> list[str]:  # type: ignore[override]
        raise RuntimeError("no notes")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_exception_that_can_not_be_told_is_answered_and_keeps_no_place(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What the log makes of such a one is for Python: it prints what it can.
    monkeypatch.setattr(running.log, "handlers", [logging.NullHandler()])
    monkeypatch.setattr(running.log, "propagate", False)
    server, caller = join(), join()

    @server.command
    def plain() -> None:
        raise UnspeakableError

    @server.command
    async def awaits() -> None:
        raise UnspeakableError

    @server.command
    def half() -> None:
        raise FileNotFoundError("no file a\udcff.csv")

    for command in (plain, awaits):
        with pytest.raises(
            HandlerFailedError, match=r"UnspeakableError: .*its text can't be read.*RuntimeError"
        ):
            caller.call(command.name, timeout_s=5)
        assert "UnspeakableError" in command.last_error
    with pytest.raises(HandlerFailedError, match=r"FileNotFoundError: no file a\\udcff.csv"):
        caller.call("half", timeout_s=5)
    eventually(lambda: not any(call_slots()._held[command] for command in (plain, awaits, half)))
