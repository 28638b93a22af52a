"""Whatever happens to calls, each ends exactly once, and all who tell of it say the same."""

from __future__ import annotations

from collections import Counter
from itertools import count
from typing import Any

from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rtwidgets.core import Limits

from ..peers import Peer, make_hub
from .crew import Watcher, answers, call, serve

COMMANDS = ("halt", "go")
USERS = ("ann", "bob")
KEYS = ("", "k1", "k2")
ENDS = {1001: "failed", 1002: "deadline", 1003: "unknown", 1004: "cancelled"}
NOT_STARTED = {106, 107, 1000}
LIMITS = Limits(ping_interval_s=0, connect_timeout_s=0, calls_per_connection=5, call_rows=6)

picks = st.integers(0, 1_000)


class Calls(RuleBasedStateMachine):
    """A hub with handlers and callers that come, go, answer, cancel and are late."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = make_hub(limits=LIMITS)
        self.now = 1.0
        self.numbers = count(100)
        self.watcher = Watcher(self.hub)
        self.handlers: list[Peer] = []
        self.callers: list[Peer] = [Peer(self.hub, user).connect() for user in USERS]
        # What each request asked for: user, command, key.
        self.asked: dict[int, tuple[str, str, str]] = {}
        self.asked_by: dict[int, Peer] = {}
        self.answered: dict[int, Any] = {}
        # The id of the call that a request, or a key, started.
        self.started: dict[object, str] = {}
        # Calls of which a handler knows no end yet.
        self.open: dict[Peer, list[str]] = {}
        self.add_handler()

    def pump(self) -> None:
        """Let everybody read what came."""
        for handler in self.handlers:
            for message in handler.messages():
                told = message.get("push", {}).get("message", {}).get("data", {}).get("rtwidgets", {})
                if "call" in told:
                    self.note_start(handler, told["call"])
        for caller in self.callers:
            for number, answer in answers(caller).items():
                assert number not in self.answered
                self.answered[number] = answer

    def note_start(self, handler: Peer, got: dict[str, Any]) -> None:
        place = (got["caller"]["user"], got["command"], got["args"]["key"])
        what: object = place if got["args"]["key"] else got["args"]["number"]
        assert what not in self.started, "started twice"
        self.started[what] = got["id"]
        self.open[handler].append(got["id"])

    def act(self, peer: Peer, method: str, **data: Any) -> None:
        peer.now = self.now
        peer.send({"id": 1, "rpc": {"method": method, "data": data}})
        self.pump()

    @rule()
    def add_handler(self) -> None:
        if len(self.handlers) < 3:
            handler = serve(self.hub, *COMMANDS)
            self.handlers.append(handler)
            self.open[handler] = []

    @rule(pick=picks)
    def handler_dies(self, pick: int) -> None:
        if self.handlers:
            handler = self.handlers.pop(pick % len(self.handlers))
            handler.connection.end(self.now)
            self.pump()
            assert set(self.open[handler]) <= set(self.ends())

    @rule(user=st.sampled_from(USERS))
    def caller_comes(self, user: str) -> None:
        if len(self.callers) < 4:
            self.callers.append(Peer(self.hub, user).connect())

    @rule(pick=picks)
    def caller_leaves(self, pick: int) -> None:
        if self.callers:
            self.callers.pop(pick % len(self.callers)).connection.end(self.now)

    @rule(
        pick=picks,
        command=st.sampled_from(COMMANDS),
        key=st.sampled_from(KEYS),
        timeout_ms=st.sampled_from((100, 1_000, 8_000)),
    )
    def start(self, pick: int, command: str, key: str, timeout_ms: int) -> None:
        if not self.callers:
            return
        caller = self.callers[pick % len(self.callers)]
        number = next(self.numbers)
        caller.now = self.now
        self.asked[number] = (caller.connection.info.user, command, key)
        self.asked_by[number] = caller
        # With a key the arguments are the same each time.
        args = {"key": key, "number": 0 if key else number}
        call(caller, command, number, key=key, args=args, timeout_ms=timeout_ms)
        self.pump()

    @rule(pick=picks, fraction=st.one_of(st.none(), st.floats(0, 1)))
    def progress(self, pick: int, fraction: float | None) -> None:
        handler, call_id = self.pick_open(pick)
        if handler is not None:
            self.act(handler, "rtwidgets.progress", call=call_id, fraction=fraction, note="n")

    @rule(pick=picks, forged=st.booleans(), how=st.sampled_from(("result", "error", "cancelled")))
    def answer(self, pick: int, forged: bool, how: str) -> None:
        handler, call_id = self.pick_open(pick)
        if handler is None:
            return
        what = {"result": 5, "error": {"type": "E"}, "cancelled": True}[how]
        if forged and self.callers:
            before = self.ends()
            self.act(self.callers[0], "rtwidgets.reply", call=call_id, **{how: what})
            assert self.ends() == before
        else:
            self.open[handler].remove(call_id)
            self.act(handler, "rtwidgets.reply", call=call_id, **{how: what})

    @rule(pick=picks, by_key=st.booleans(), key=st.sampled_from(("k1", "k2")))
    def cancel(self, pick: int, by_key: bool, key: str) -> None:
        if not self.callers:
            return
        caller = self.callers[pick % len(self.callers)]
        if by_key:
            self.act(caller, "rtwidgets.cancel", command=COMMANDS[pick % 2], key=key)
        elif self.started:
            call_id = list(self.started.values())[pick % len(self.started)]
            self.act(caller, "rtwidgets.cancel", call=call_id)

    @rule(seconds=st.sampled_from((0.1, 0.3, 2.0, 9.0)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.hub.tick(self.now)
        self.pump()

    def pick_open(self, pick: int) -> tuple[Peer | None, str]:
        found = [(handler, call_id) for handler in self.handlers for call_id in self.open[handler]]
        return found[pick % len(found)] if found else (None, "")

    @invariant()
    def rows_are_bounded_and_of_calls_that_started(self) -> None:
        rows = self.watcher.rows
        assert len(rows) <= LIMITS.call_rows
        ends = self.ends()
        for call_id, row in rows.items():
            assert row["state"] == ends.get(call_id, row["state"])
            assert (row["state"] in ("running", "cancelling")) == (call_id not in ends)

    def ends(self) -> dict[str, str]:
        """How the audit says that each call ended."""
        found: dict[str, str] = {}
        for entry in self.watcher.audit:
            if entry["what"] not in ("started", "cancelling"):
                assert entry["call"] not in found, "ended twice"
                found[entry["call"]] = entry["what"]
        return found

    def teardown(self) -> None:
        self.now += 10.0
        self.hub.tick(self.now)
        self.pump()
        ends = self.ends()
        starts = Counter(entry["call"] for entry in self.watcher.audit if entry["what"] == "started")
        assert set(starts) == set(ends) and set(starts.values()) <= {1}
        assert set(self.started.values()) <= set(ends)
        for number, (user, command, key) in self.asked.items():
            if number not in self.answered:
                assert self.asked_by[number] not in self.callers, "who waits gets an answer"
                continue
            answer = self.answered[number]
            if answer in NOT_STARTED:
                assert key or number not in self.started
                continue
            call_id = self.started[(user, command, key) if key else number]
            assert ends[call_id] == ENDS.get(answer, "done")
        for call_id, row in self.watcher.seen.items():
            assert ends[call_id] == row["state"]
        assert len(self.hub.commands._under_way) == 0
        assert not self.hub.commands._under_way._waits
        # Nothing is left of any call.
        self.hub.tick(self.now + 1_000)
        assert self.watcher.rows == {}
        assert not self.hub.commands._outcomes


# To shrink a history of calls takes longer than a test may.
Calls.TestCase.settings = settings(
    max_examples=100, stateful_step_count=50, deadline=None, phases=(Phase.reuse, Phase.generate)
)
test_calls = Calls.TestCase
