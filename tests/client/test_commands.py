"""Commands: schema, calls, failures."""

from __future__ import annotations

import asyncio
import time

import pytest

from rtwidgets.errors import (
    DeadlineError,
    HandlerAwayError,
    HandlerFailedError,
    OutcomeUnknownError,
    PermissionDeniedError,
)

from .conftest import Join, eventually
from .hub_process import token


def test_a_call_from_another_process_object_returns_the_result(join: Join) -> None:
    server, caller = join(), join()

    @server.command
    def add(a: int, b: int = 2) -> int:
        """Add two numbers."""
        return a + b

    @server.command(name="later", title="Answer later")
    async def wait_a_little(seconds: float) -> dict[str, float]:
        await asyncio.sleep(seconds)
        return {"waited": seconds}

    assert add(1, b=1) == 2
    assert (add.name, add.title, wait_a_little.name) == ("add", "Add two numbers", "later")
    assert caller.call("add", a=3) == 5
    assert caller.call("later", seconds=0.05) == {"waited": 0.05}
    catalogue = {row["name"]: row["title"] for row in caller.table("rtwidgets.commands").rows()}
    assert catalogue["later"] == "Answer later"
    add.close()
    with pytest.raises(HandlerAwayError, match="'add'"):
        caller.call("add", a=3)


def test_failures_have_their_own_errors(join: Join) -> None:
    server, caller = join(), join()

    @server.command
    def divide(a: float, b: float) -> float:
        return a / b

    @server.command
    def nap() -> None:
        time.sleep(1)

    @server.command
    def odd() -> object:
        return object()

    with pytest.raises(HandlerFailedError, match="ZeroDivisionError: float division by zero"):
        caller.call("divide", a=1, b=0)
    with pytest.raises(HandlerFailedError, match="TypeError: argument 'b' is missing"):
        caller.call("divide", a=1)
    with pytest.raises(HandlerFailedError, match="the result of 'odd' can't be sent"):
        caller.call("odd")
    with pytest.raises(DeadlineError, match="in time"):
        caller.call("nap", timeout_s=0.1)
    guest = join(own_token=token("guest", owner=False, caps={"stream:*": ["subscribe"]}))
    with pytest.raises(PermissionDeniedError, match="divide"):
        guest.call("divide", a=1, b=1)


def test_a_handler_that_goes_away_mid_way_leaves_the_outcome_unknown(join: Join) -> None:
    server, caller = join(), join()

    @server.command
    def long_one() -> None:
        time.sleep(2)

    call = caller.portal.spawn(
        caller._link.rpc_async("rtwidgets.call", {"command": "long_one"}, 5, once=True)
    )
    time.sleep(0.2)
    server.close()
    with pytest.raises(OutcomeUnknownError, match="unknown"):
        call.result(5)


def test_a_handler_may_use_the_hub_that_calls_it(join: Join) -> None:
    hub = join()
    limit = hub.value("nested", default=1)

    @hub.command
    def inner() -> int:
        return int(limit.get())

    @hub.command
    def outer() -> int:
        return int(hub.call("inner")) + 1

    assert hub.call("outer", timeout_s=5) == 2
    eventually(lambda: hub.flush(1))
