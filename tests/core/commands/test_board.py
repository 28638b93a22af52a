"""What everybody sees of the calls: rows for those that last, and the audit."""

from __future__ import annotations

from rtwidgets.core import Limits
from rtwidgets.core.commands.board import ENDED_SHOWN_S

from ..peers import Peer, make_hub
from .crew import Watcher, answers, call, calls, serve


def test_short_call_has_no_row_and_is_in_the_audit() -> None:
    hub = make_hub()
    handler, caller, watcher = serve(hub, "halt"), Peer(hub).connect(), Watcher(hub)
    call(caller, "halt", args={"symbol": "ACME"})
    (got,) = calls(handler)
    handler.now = 1.2
    handler.rpc("rtwidgets.reply", call=got["id"])
    hub.tick(1.3)
    assert watcher.seen == {}
    who = {"user": "ann", "name": "Ann", "client": caller.connection.client}
    what = {"call": got["id"], "command": "halt", **who}
    assert watcher.audit == [
        {"what": "started", **what, "args": {"symbol": "ACME"}},
        {"what": "done", **what, "duration_ms": 200},
    ]


def test_call_that_lasts_has_a_row_until_half_a_minute_after_its_end() -> None:
    hub = make_hub()
    handler, caller, watcher = serve(hub, "halt"), Peer(hub).connect(), Watcher(hub)
    call(caller, "halt", key="k", timeout_ms=10_000)
    (got,) = calls(handler)
    hub.tick(1.2)
    assert watcher.rows == {}
    hub.tick(1.25)
    row = {
        "id": got["id"],
        "command": "halt",
        "state": "running",
        "user": "ann",
        "name": "Ann",
        "client": caller.connection.client,
        "key": "k",
        "started_ms": 1_000,
        "deadline_ms": 11_000,
        "fraction": None,
        "note": "",
        "cancelled_by": "",
        "ended_ms": None,
        "error": "",
    }
    assert watcher.rows == {got["id"]: row}
    handler.rpc("rtwidgets.progress", call=got["id"], fraction=0.25, note="x" * 1_000)
    assert watcher.rows[got["id"]] == {**row, "fraction": 0.25, "note": "x" * 200}
    handler.now = 4.0
    handler.rpc("rtwidgets.reply", call=got["id"], error={"type": "ValueError", "message": "y" * 1_000})
    ended = watcher.rows[got["id"]]
    assert (ended["state"], ended["ended_ms"]) == ("failed", 4_000)
    assert ended["error"] == f"ValueError: {'y' * 488}"
    hub.tick(4.0 + ENDED_SHOWN_S - 0.1)
    assert watcher.rows
    hub.tick(4.0 + ENDED_SHOWN_S)
    assert watcher.rows == {}


def test_cancel_is_seen_with_who_asked_for_it() -> None:
    hub = make_hub()
    handler, caller, watcher = serve(hub, "halt"), Peer(hub).connect(), Watcher(hub)
    call(caller, "halt")
    (got,) = calls(handler)
    Peer(hub, "bob").connect().rpc("rtwidgets.cancel", call=got["id"])
    row = watcher.rows[got["id"]]
    assert (row["state"], row["user"], row["cancelled_by"]) == ("cancelling", "ann", "Bob")
    handler.rpc("rtwidgets.reply", call=got["id"], cancelled=True)
    asked, ended = watcher.audit[1:]
    assert (asked["what"], asked["user"]) == ("cancelling", "bob")
    assert (ended["what"], ended["user"]) == ("cancelled", "ann")
    assert ended["error"] == "the call of 'halt' was cancelled by Bob"


def test_rows_of_a_scope_are_limited_and_calls_under_way_come_first() -> None:
    hub = make_hub(limits=Limits(call_rows=3, calls_per_connection=10))
    handler, caller, watcher = serve(hub, "halt"), Peer(hub).connect(), Watcher(hub)
    for number in range(4):
        call(caller, "halt", 80 + number)
    first, second, third, fourth = calls(handler)
    hub.tick(1.5)
    assert list(watcher.rows) == [first["id"], second["id"], third["id"]]
    handler.now = 2.0
    handler.rpc("rtwidgets.reply", call=second["id"])
    handler.rpc("rtwidgets.progress", call=fourth["id"], fraction=0.5)
    assert list(watcher.rows) == [first["id"], third["id"], fourth["id"]]
    assert hub.refused["call_rows"] == 2
    handler.rpc("rtwidgets.reply", call=first["id"])
    hub.tick(2.0 + ENDED_SHOWN_S)
    assert list(watcher.rows) == [third["id"], fourth["id"]], (
        "the timer of a row that went early does no harm"
    )


def test_large_arguments_are_in_the_audit_by_their_size() -> None:
    hub = make_hub()
    serve(hub, "halt")
    watcher = Watcher(hub)
    call(Peer(hub).connect(), "halt", args={"text": "x" * 5_000})
    (entry,) = watcher.audit
    assert "args" not in entry and entry["args_bytes"] == 5_011


def test_arguments_as_deep_as_they_may_be_keep_no_call_out_of_the_audit() -> None:
    hub = make_hub()
    serve(hub, "halt")
    watcher = Watcher(hub)
    caller = Peer(hub).connect()
    for levels in (63, 62):
        args: object = 1
        for _ in range(levels):
            args = [args]
        call(caller, "halt", 100 + levels, args={"a": args})
    deepest, other = watcher.audit
    assert (deepest["what"], deepest["args_bytes"]) == ("started", 133)
    assert "args" in other


def test_hub_without_room_for_more_channels_still_passes_calls_on() -> None:
    hub = make_hub(limits=Limits(channels=1))
    handler, caller = serve(hub, "halt"), Peer(hub).connect()
    call(caller, "halt")
    (got,) = calls(handler)
    handler.rpc("rtwidgets.progress", call=got["id"], fraction=0.5)
    handler.rpc("rtwidgets.reply", call=got["id"], result=1)
    assert caller.messages()[0]["rpc"]["data"] == {"result": 1}
    assert hub.refused["channels"] > 0


def test_limits_of_calls_can_be_switched_off() -> None:
    off = Limits(
        calls_per_connection=0, calls_per_user=0, call_rows=0, outcomes_bytes=0, json_depth=0, replies_bytes=0
    )
    hub = make_hub(limits=off)
    handler, caller, watcher = serve(hub, "halt"), Peer(hub).connect(), Watcher(hub)
    for number in range(300):
        call(caller, "halt", 100 + number, key=f"k{number}")
    got = calls(handler)
    assert len(got) == 300
    hub.tick(1.5)
    assert len(watcher.rows) == 300
    for one in got:
        handler.rpc("rtwidgets.reply", call=one["id"], result="x" * 100_000)
    assert len(answers(caller)) == 300
    call(caller, "halt", 1_000, key="k0")
    assert answers(caller) == {1_000: "x" * 100_000}
    assert not set(hub.refused) - {"conflate_after"}
