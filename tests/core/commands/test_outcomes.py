"""Idempotency: a call with a key starts at most once, whoever asks again and when."""

from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.core import Hub, Limits
from rtwidgets.core.commands.outcomes import KEPT_S

from ..peers import Peer, make_hub
from .crew import answers, call, calls, serve


def finish(handler: Peer, **answer: Any) -> None:
    (got,) = calls(handler)
    handler.rpc("rtwidgets.reply", call=got["id"], **answer)


def test_same_key_in_parallel_starts_once_and_all_get_the_outcome() -> None:
    hub = make_hub()
    handler, here, there = serve(hub, "halt"), Peer(hub).connect(), Peer(hub).connect()
    call(here, "halt", 80, key="k", args={"a": 1, "b": 2})
    call(here, "halt", 81, key="k", args={"b": 2, "a": 1})
    call(there, "halt", 82, key="k", args={"a": 1, "b": 2})
    finish(handler, result=5)
    assert answers(here) == {80: 5, 81: 5}
    assert answers(there) == {82: 5}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [({"result": 5}, 5), ({"error": {"type": "ValueError"}}, 1001), ({"cancelled": True}, 1004)],
)
def test_same_key_after_the_end_gets_the_same_outcome(answer: dict[str, Any], outcome: int) -> None:
    hub = make_hub()
    handler, first = serve(hub, "halt"), Peer(hub).connect()
    call(first, "halt", key="k")
    finish(handler, **answer)
    first.connection.end(1.0)
    again = Peer(hub).connect()
    again.now = KEPT_S
    call(again, "halt", key="k")
    assert answers(again) == {77: outcome}
    assert calls(handler) == []


def test_outcome_is_kept_when_the_handler_died_or_was_too_slow() -> None:
    hub = make_hub()
    for name, code in (("dies", 1003), ("sleeps", 1002)):
        handler, caller = serve(hub, name), Peer(hub).connect()
        call(caller, name, 80, key="k", timeout_ms=100)
        if code == 1003:
            handler.connection.end(1.0)
            serve(hub, name)
        hub.tick(1.2)
        call(caller, name, 81, key="k")
        assert answers(caller) == {80: code, 81: code}


def test_outcome_is_forgotten_after_ten_minutes() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt", key="k")
    finish(handler, result=1)
    assert answers(caller) == {77: 1}
    caller.now = 1.0 + KEPT_S
    hub.tick(caller.now)
    assert not hub.commands._outcomes
    call(caller, "halt", key="k")
    assert len(calls(handler)) == 1


def test_call_that_never_started_leaves_its_key_free() -> None:
    hub = make_hub()
    caller = Peer(hub).connect()
    call(caller, "halt", key="k")
    assert answers(caller) == {77: 1000}
    handler = serve(hub, "halt")
    call(caller, "halt", key="k")
    finish(handler, result=1)
    assert answers(caller) == {77: 1}


def test_key_with_other_arguments_is_refused() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    for ended in (False, True):
        call(caller, "halt", 80, key="k", args={"a": 1})
        if ended:
            finish(handler, result=1)
        caller.messages()
        call(caller, "halt", 90, key="k", args={"a": 2})
        error = caller.messages()[0]["error"]
        assert error["code"] == 107
        assert (
            error["message"]
            == "the key 'k' was used with other arguments of 'halt': a new call needs a new key"
        )


def test_key_means_something_to_one_user_and_one_command_only() -> None:
    hub = make_hub()
    handler, ann, bob = serve(hub, "halt", "go"), Peer(hub).connect(), Peer(hub, "bob").connect()
    call(ann, "halt", key="k")
    (got,) = calls(handler)
    handler.rpc("rtwidgets.reply", call=got["id"], result="for ann")
    assert answers(ann) == {77: "for ann"}
    call(bob, "halt", key="k")
    call(ann, "go", key="k")
    assert answers(bob) == answers(ann) == {}
    assert len(calls(handler)) == 2


def test_anonymous_connections_share_no_keys() -> None:
    hub = make_hub()
    handler = serve(hub, "halt")
    one, two = Peer(hub, "").connect(), Peer(hub, "").connect()
    call(one, "halt", key="k")
    (got,) = calls(handler)
    handler.rpc("rtwidgets.reply", call=got["id"], result="for one")
    call(two, "halt", key="k")
    assert (answers(one), answers(two)) == ({77: "for one"}, {})


def test_right_to_call_is_asked_for_before_a_kept_outcome_is_given() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt", key="k")
    finish(handler, result="secret")
    call(Peer(hub, caps={}).connect(), "halt", key="k")
    lesser = Peer(hub, caps={}).connect()
    call(lesser, "halt", key="k")
    assert answers(lesser) == {77: 103}


def test_waiting_again_and_again_is_limited() -> None:
    hub = make_hub(limits=Limits(calls_per_connection=2))
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    for number in range(3):
        call(caller, "halt", 80 + number, key="k")
    assert answers(caller) == {82: 106}
    finish(handler, result=1)
    assert answers(caller) == {80: 1, 81: 1}


def test_key_is_no_longer_than_128_characters() -> None:
    hub = make_hub()
    serve(hub, "halt")
    caller = Peer(hub).connect()
    call(caller, "halt", key="k" * 129)
    assert answers(caller) == {77: 107}


def ask(hub: Hub, handler: Peer, user: str, key: str, result: object) -> None:
    caller = Peer(hub, user).connect()
    call(caller, "halt", key=key)
    for got in calls(handler):
        handler.rpc("rtwidgets.reply", call=got["id"], result=result)


def test_who_fills_the_room_for_outcomes_pays_for_it() -> None:
    hub = make_hub(limits=Limits(outcomes_bytes=100_000))
    handler = serve(hub, "halt")
    ask(hub, handler, "ann", "first", "x" * 5_000)
    for number in range(50):
        ask(hub, handler, "bob", f"k{number}", "x" * 5_000)
    assert hub.refused["outcomes_bytes"] > 1
    assert hub.commands._outcomes._size < 100_000
    again = Peer(hub).connect()
    call(again, "halt", key="first")
    assert answers(again) == {77: "x" * 5_000}, "another user's outcome is still there"
    bob = Peer(hub, "bob").connect()
    call(bob, "halt", 80, key="k49")
    call(bob, "halt", 81, key="k0")
    assert list(answers(bob)) == [80], "the oldest of those that filled it is not"


def test_result_too_large_to_be_kept_is_not_taken_for_a_new_call() -> None:
    hub = make_hub(limits=Limits(outcomes_bytes=10_000))
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt", key="k")
    finish(handler, result="x" * 5_000)
    assert answers(caller) == {77: "x" * 5_000}
    call(caller, "halt", key="k")
    error = caller.messages()[0]["error"]
    assert (
        error["code"] == 106
        and "was carried out, but its result of 5013 bytes is not kept" in error["message"]
    )
    assert calls(handler) == []
