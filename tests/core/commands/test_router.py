"""Calls from caller to handler and back, and all the ways in which they end."""

from __future__ import annotations

from typing import Any

import pytest

from rtwidgets.core import Limits
from rtwidgets.core.capabilities import ALL_VERBS
from rtwidgets.protocol import codes

from ..peers import Peer, make_hub, publications
from .crew import Watcher, answers, call, caller_of, calls, serve, told


def test_call_goes_to_the_handler_and_back() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt", args={"symbol": "ACME"}, timeout_ms=5000)
    (got,) = calls(handler)
    assert (got["command"], got["args"], got["deadline_ms"]) == ("halt", {"symbol": "ACME"}, 6000)
    assert got["caller"]["user"] == "ann"
    handler.rpc("rtwidgets.reply", call=got["id"], result={"ok": 1})
    assert caller.messages() == [{"id": 77, "rpc": {"data": {"result": {"ok": 1}}}}]


def test_handlers_failure_is_1001_with_type_and_text() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt")
    handler.rpc(
        "rtwidgets.reply", call=calls(handler)[0]["id"], error={"type": "ValueError", "message": "no"}
    )
    assert caller.messages()[0]["error"] == {"code": 1001, "message": "ValueError: no"}


def test_call_without_handler_is_1000() -> None:
    caller = Peer(make_hub()).connect()
    call(caller, "halt")
    assert caller.messages()[0]["error"]["code"] == 1000


def test_deadline_is_1002_and_a_late_answer_is_dropped() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt", timeout_ms=1000)
    (got,) = calls(handler)
    hub.tick(2.5)
    assert caller.messages()[0]["error"]["code"] == 1002
    handler.rpc("rtwidgets.reply", call=got["id"], result=1)
    assert caller.messages() == []


def test_handler_that_goes_away_is_1003_and_leaves_the_catalogue() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    caller.ask(subscribe={"channel": "table:rtwidgets.commands"})
    call(caller, "halt")
    handler.connection.end(1.0)
    messages = caller.messages()
    assert [m["error"]["code"] for m in messages if "error" in m] == [1003]
    assert publications(messages, "table:rtwidgets.commands")[0]["data"] == {"remove": ["halt"]}


def test_answer_of_another_connection_is_ignored() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt")
    (got,) = calls(handler)
    caller.rpc("rtwidgets.reply", call=got["id"], result="forged")
    handler.rpc("rtwidgets.reply", call=got["id"], result="real")
    assert caller.messages() == [{"id": 77, "rpc": {"data": {"result": "real"}}}]


def test_several_handlers_take_turns() -> None:
    hub = make_hub()
    handlers, caller = [serve(hub, "halt") for _ in range(2)], Peer(hub).connect()
    for _ in range(4):
        call(caller, "halt")
    assert [len(calls(handler)) for handler in handlers] == [2, 2]


def test_calls_under_way_are_limited() -> None:
    hub = make_hub(limits=Limits(calls_per_connection=1))
    serve(hub, "halt")
    caller = Peer(hub).connect()
    call(caller, "halt")
    call(caller, "halt")
    assert caller.messages()[0]["error"]["code"] == 106


def test_catalogue_lists_title_schema_and_number_of_handlers() -> None:
    hub = make_hub()
    serve(hub, "halt")
    serve(hub, "halt", "go")
    serve(hub, "halt", "go").connection.end(1.0)
    caller = Peer(hub, caps={"command:halt": frozenset(("command",))}).connect()
    rows = caller.ask(subscribe={"channel": "table:rtwidgets.commands"})["subscribe"]["data"]["rows"]
    assert rows == {
        "name": ["halt", "go"],
        "title": ["Halt", "Go"],
        "schema": [{"type": "object"}] * 2,
        "handlers": [2, 1],
    }


def test_catalogue_is_the_hubs_alone() -> None:
    peer = Peer(make_hub()).connect()
    reply = peer.ask(publish={"channel": "table:rtwidgets.commands", "data": {"remove": ["halt"]}})
    assert reply["error"]["code"] == 103


def test_calling_and_serving_need_their_rights() -> None:
    hub = make_hub()
    serve(hub, "halt")
    may_call = Peer(hub, caps={"command:halt": frozenset(("command",))}).connect()
    may_serve = Peer(hub, caps={"command:halt": frozenset(("publish",))}).connect()
    spec = [{"name": "halt"}]
    assert may_call.rpc("rtwidgets.register", commands=spec)["error"]["code"] == 103
    assert "error" not in may_serve.rpc("rtwidgets.register", commands=spec)
    assert may_serve.rpc("rtwidgets.call", command="halt")["error"]["code"] == 103


def test_reserved_channels_can_not_be_declared() -> None:
    hub = make_hub()
    peer = Peer(hub).connect()
    reply = peer.rpc("rtwidgets.declare", channel="table:rtwidgets.commands", key="x")
    assert reply["error"]["code"] == 103
    serve(hub, "halt")


@pytest.mark.parametrize("schema", ["1e999", "[" * 90 + "]" * 90])
def test_unusable_schema_is_an_error_and_the_hub_goes_on(schema: str) -> None:
    peer = Peer(make_hub(), owner=True).connect()
    data = b'{"commands":[{"name":"x","schema":%s}]}' % schema.encode()
    peer.connection.receive([b'{"id":50,"rpc":{"method":"rtwidgets.register","data":%s}}' % data], 1.0)
    replies = peer.messages()
    assert [reply["id"] for reply in replies] == [50]
    peer.connection.receive(
        [b'{"id":51,"rpc":{"method":"rtwidgets.token","data":{"ttl_s":9,"info":1e999}}}'], 1.0
    )
    assert peer.messages()[0]["id"] == 51
    assert "error" not in peer.ask(ping={})


def test_call_goes_to_the_handler_with_the_least_to_do() -> None:
    hub = make_hub()
    busy, free = serve(hub, "halt", "other"), serve(hub, "halt")
    caller = Peer(hub).connect()
    for number in range(3):
        call(caller, "other", 80 + number)
    for number in range(3):
        call(caller, "halt", 90 + number)
    assert [len(calls(peer)) for peer in (busy, free)] == [3, 3]


def test_handler_about_to_be_closed_gets_no_call() -> None:
    hub = make_hub()
    first, second = serve(hub, "halt"), serve(hub, "halt")
    first.connection.close(codes.CONNECTION_CLOSED)
    caller = Peer(hub).connect()
    for number in range(2):
        call(caller, "halt", 80 + number)
    assert len(calls(second)) == 2


def test_cancel_reaches_the_handler_and_its_answer_ends_the_call() -> None:
    hub = make_hub()
    handler, caller, other = serve(hub, "halt"), Peer(hub).connect(), caller_of(hub, "halt", "bob")
    call(caller, "halt")
    (got,) = calls(handler)
    assert other.rpc("rtwidgets.cancel", call=got["id"])["rpc"]["data"] == {"state": "cancelling"}
    assert other.rpc("rtwidgets.cancel", call=got["id"])["rpc"]["data"] == {"state": "cancelling"}
    assert told(handler, "cancel") == [{"call": got["id"], "reason": "cancelled", "by": "Bob"}]
    assert caller.messages() == [], "the handler has not said how it ends"
    handler.rpc("rtwidgets.reply", call=got["id"], cancelled=True)
    error = caller.messages()[0]["error"]
    assert error == {"code": 1004, "message": "the call of 'halt' was cancelled by Bob"}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [({"result": 5}, 5), ({"error": {"type": "KeyError"}}, 1001), ({"cancelled": True}, 1004)],
)
def test_call_that_is_cancelled_too_late_ends_as_its_handler_says(
    answer: dict[str, Any], outcome: int
) -> None:
    hub = make_hub()
    handler, caller, watcher = serve(hub, "halt"), Peer(hub).connect(), Watcher(hub)
    call(caller, "halt")
    (got,) = calls(handler)
    caller.rpc("rtwidgets.cancel", call=got["id"])
    handler.rpc("rtwidgets.reply", call=got["id"], **answer)
    assert answers(caller) == {77: outcome}
    # And a cancel after the end changes nothing.
    assert caller.rpc("rtwidgets.cancel", call=got["id"])["rpc"]["data"] == {"state": "ended"}
    state = {5: "done", 1001: "failed", 1004: "cancelled"}[outcome]
    assert watcher.rows[got["id"]]["state"] == watcher.audit[-1]["what"] == state


def test_handler_that_dies_while_it_cancels_leaves_the_outcome_unknown() -> None:
    hub = make_hub()
    handler, caller, watcher = serve(hub, "halt"), Peer(hub).connect(), Watcher(hub)
    call(caller, "halt")
    (got,) = calls(handler)
    caller.rpc("rtwidgets.cancel", call=got["id"])
    handler.connection.end(2.0)
    assert answers(caller) == {77: 1003}
    assert watcher.rows[got["id"]]["state"] == "unknown"


def test_handler_that_ignores_a_cancel_ends_at_the_deadline() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt", timeout_ms=1000)
    (got,) = calls(handler)
    caller.rpc("rtwidgets.cancel", call=got["id"])
    hub.tick(1.5)
    hub.tick(2.5)
    assert answers(caller) == {77: 1002}
    assert [cancel["reason"] for cancel in told(handler, "cancel")] == ["cancelled", "deadline"]


def test_only_who_may_call_a_command_may_cancel_its_calls() -> None:
    hub = make_hub()
    handler, caller, stranger = serve(hub, "halt"), Peer(hub).connect(), caller_of(hub, "go", "eve")
    call(caller, "halt", key="k")
    (got,) = calls(handler)
    assert stranger.rpc("rtwidgets.cancel", call=got["id"])["error"]["code"] == 103
    may_see = Peer(hub, "sam", {"*": frozenset(("subscribe", "publish"))}).connect()
    assert may_see.rpc("rtwidgets.cancel", call=got["id"])["error"]["code"] == 103
    assert told(handler, "cancel") == []


def test_caller_cancels_its_own_call_by_key_and_nobody_elses() -> None:
    hub = make_hub()
    handler, ann, bob = serve(hub, "halt"), Peer(hub).connect(), Peer(hub, "bob").connect()
    call(ann, "halt", key="k")
    (got,) = calls(handler)
    for data in ({"command": "halt", "key": "k"}, {"command": "halt", "key": ""}, {}):
        assert bob.rpc("rtwidgets.cancel", **data)["rpc"]["data"] == {"state": "ended"}
    assert ann.rpc("rtwidgets.cancel", command="halt", key="k")["rpc"]["data"] == {"state": "cancelling"}
    assert told(handler, "cancel")[0]["call"] == got["id"]


def test_caller_that_goes_away_leaves_its_call_to_go_on_and_its_outcome_to_be_seen() -> None:
    hub = make_hub()
    handler, caller, watcher = serve(hub, "halt"), Peer(hub).connect(), Watcher(hub)
    call(caller, "halt")
    (got,) = calls(handler)
    caller.connection.end(1.1)
    assert told(handler, "cancel") == []
    assert watcher.rows[got["id"]]["state"] == "running"
    handler.rpc("rtwidgets.reply", call=got["id"], result=1)
    assert watcher.rows[got["id"]]["state"] == "done"
    assert watcher.audit[-1]["what"] == "done"


def test_handler_hears_whether_its_call_still_counts() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt", timeout_ms=1000)
    (got,) = calls(handler)
    progress = {"call": got["id"], "fraction": 0.5, "note": "half"}
    assert handler.rpc("rtwidgets.progress", **progress)["rpc"]["data"] == {"state": "running"}
    caller.rpc("rtwidgets.cancel", call=got["id"])
    assert handler.rpc("rtwidgets.progress", **progress)["rpc"]["data"] == {"state": "cancelling"}
    assert caller.rpc("rtwidgets.progress", **progress)["rpc"]["data"] == {"state": "ended"}
    handler.rpc("rtwidgets.reply", call=got["id"])
    assert handler.rpc("rtwidgets.progress", **progress)["rpc"]["data"] == {"state": "ended"}


@pytest.mark.parametrize("fraction", [-0.1, 1.5, 1e308])
def test_fraction_outside_of_0_to_1_is_refused(fraction: float) -> None:
    handler = serve(make_hub(), "halt")
    reply = handler.rpc("rtwidgets.progress", call="x", fraction=fraction)
    assert reply["error"]["code"] == 107 and "from 0 to 1" in reply["error"]["message"]


def test_deep_arguments_and_results_are_refused_and_named() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    deep: Any = 1
    for _ in range(70):
        deep = [deep]
    call(caller, "halt", args={"x": deep})
    assert caller.messages()[0]["error"]["code"] == 106
    call(caller, "halt")
    (got,) = calls(handler)
    assert handler.rpc("rtwidgets.reply", call=got["id"], result=deep)["error"]["code"] == 106
    error = caller.messages()[0]["error"]
    assert error["code"] == 1001 and "the result of 'halt' may be nested 64 levels" in error["message"]
    assert hub.refused["json_depth"] == 2


def test_new_token_without_the_right_ends_serving() -> None:
    hub = make_hub()
    handler, caller = serve(hub, "halt", "go"), Peer(hub).connect()
    narrower = Peer(hub, "owner", {"command:go": ALL_VERBS}).token
    assert "refresh" in handler.ask(refresh={"token": narrower})
    call(caller, "halt", 80)
    call(caller, "go", 81)
    assert answers(caller) == {80: 1000}
    assert [got["command"] for got in calls(handler)] == ["go"]


def test_calls_of_a_user_are_limited_also_when_their_callers_have_gone() -> None:
    hub = make_hub(limits=Limits(calls_per_user=3))
    handler = serve(hub, "halt")
    for _ in range(3):
        leaving = Peer(hub).connect()
        call(leaving, "halt")
        leaving.connection.end(1.0)
    ann, bob = Peer(hub).connect(), Peer(hub, "bob").connect()
    call(ann, "halt")
    assert ann.messages()[0]["error"]["code"] == 106
    assert hub.refused["calls_per_user"] == 1
    call(bob, "halt")
    first = calls(handler)[0]
    handler.rpc("rtwidgets.reply", call=first["id"])
    call(ann, "halt", 78)
    assert answers(ann) == {}
    assert len(calls(handler)) == 1


def test_calls_do_not_cut_off_a_handler_that_is_behind() -> None:
    hub = make_hub()
    handler = serve(hub, "halt")
    bound = hub.rules.limits.replies_bytes
    large = {"args": {"note": "x" * 60_000}}
    for user, most in (("mallory", bound // 4), ("eve", bound // 2), ("joe", bound // 2)):
        caller = Peer(hub, user).connect()
        for number in range(50):
            call(caller, "halt", 100 + number, **large)
        assert set(answers(caller).values()) == {codes.LIMIT_EXCEEDED.code}
        assert handler.connection.notices_bytes < most + 70_000
    bob = caller_of(hub, "halt", "bob")
    call(bob, "halt", args={"note": "now"})
    got = calls(handler)
    assert handler.connection.closing is None and hub.refused["handler_behind"] > 100
    assert got[-1]["caller"]["user"] == "bob"
    call(bob, "halt", 200, **large)
    assert len(calls(handler)) == 1, "it has read what waited"
