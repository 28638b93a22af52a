"""From caller to handler and back: the calls under way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec
from msgspec import Raw

from ...protocol import codec, codes
from ...protocol.json_rules import has_number_out_of_range, is_too_deep
from ...protocol.messages import Push, PushedMessage, Reply
from ..kinds.base import OUT_OF_RANGE
from ..node_messages import CancelAt, Carry, Progressed, ToOne
from ..refusal import Refusal
from .board import Board
from .call import (
    Call,
    Outcome,
    Person,
    Place,
    away,
    behind,
    cancelled,
    done,
    failed,
    nobody_serves,
    owner_of,
    person_of,
    too_late,
    unknown,
)
from .handlers import Handlers
from .messages import MAX_TIMEOUT_MS, Answer, CallRequest, CommandSpec, Progress
from .outcomes import Outcomes, digest_of
from .remote import Carrier, Remote
from .under_way import UnderWay

if TYPE_CHECKING:
    from ..connection import Connection
    from ..hub import Hub
    from ..nodes import Nodes

# A call that is over before needs no row.
SHOWN_AFTER_S = 0.25
FORGET_INTERVAL_S = 30.0
MAX_KEY_CHARS = 128
MAX_NOTE_CHARS = 200

_encode = msgspec.json.Encoder().encode


class Commands:
    """Route calls to the connections that serve them, and answers back.

    A call ends exactly once, with one outcome; whoever waits for it then gets that.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._handlers = Handlers(hub)
        self._board = Board(hub)
        self._under_way = UnderWay()
        self._outcomes = Outcomes(
            hub.rules.limits.outcomes_bytes, lambda: hub.refused.update(("outcomes_bytes",))
        )
        self._forgets = False
        # Handlers at other hubs, and calls of those for handlers here.
        self._remotes: dict[str, Remote] = {}
        self._carrier = Carrier(hub, self._handlers)

    # other hubs -----------------------------------------------------------------------

    def join(self, nodes: Nodes) -> None:
        """Serve calls together with other hubs."""
        nodes.on("handler", self._handlers.hear)
        nodes.on("call", self._board.hear)

    def hear(self, message: ToOne, now: float) -> None:
        """Take what another hub says about a call."""
        if isinstance(message, Carry):
            self._carrier.take(message)
            return
        call = self._under_way.get(message.call)
        if call is None:
            return
        if isinstance(message, CancelAt):
            self._cancel(Person(*message.by), call, now)
        elif call.handler is not self._remotes.get(message.node):
            return
        elif isinstance(message, Progressed):
            self._note(call, message.fraction, message.note, now)
        elif message.lost:
            self._end(call, unknown(call.command), now)
        elif message.away:
            self._end(call, away(call.command), now)
        else:
            try:
                self._finish(call, msgspec.json.decode(message.data, type=Answer), now)
            except Refusal:
                pass  # it has failed, and its caller knows why

    def node_gone(self, node: str, now: float) -> None:
        """Forget a hub that has ended: of what was served there nobody knows the outcome."""
        self._carrier.node_gone(node)
        remote = self._remotes.pop(node, None)
        if remote is not None:
            for call in self._under_way.served_by(remote):
                self._end(call, unknown(call.command), now)

    def elsewhere(self, call_id: str) -> tuple[str, str] | None:
        """Return which other hub has a call, and of which command it is."""
        return self._board.elsewhere(call_id)

    def cancel_at(self, node: str, call_id: str, by: Connection) -> None:
        """Ask another hub to cancel a call."""
        assert self._hub.nodes is not None
        self._hub.nodes.send(node, CancelAt(self._hub.nodes.node, call_id, person_of(by)))

    # handlers -----------------------------------------------------------------------

    def register(self, connection: Connection, specs: list[CommandSpec], now: float) -> None:
        """Let a connection serve commands from now on.

        Raises:
            Refusal: If it serves too many, or says too much about one.
            DataError: If a schema can't be listed.
        """
        self._handlers.add(connection, specs, now)

    def unregister(self, connection: Connection, names: list[str], now: float) -> None:
        """End serving some commands; calls under way go on."""
        self._handlers.remove(connection, names, now)

    def keep_allowed(self, connection: Connection, now: float) -> None:
        """End serving the commands that a connection's new token gives no right to."""
        credentials = connection.credentials
        assert credentials is not None
        served = self._handlers.served_by(connection)
        lost = [name for name in served if not credentials.may("publish", f"command:{name}")]
        self._handlers.remove(connection, lost, now)

    # callers ------------------------------------------------------------------------

    def call(self, caller: Connection, request_id: int, request: CallRequest, now: float) -> None:
        """Pass a call to a handler: to the one with the least under way, in turns among equals.

        With a key that the same user has used for the command before, its outcome is the answer, now or when
        that call ends.

        Raises:
            Refusal: If nobody serves the command, too many calls are under way, the arguments can't be used,
                or are others than those that the key was used with.
        """
        digest = b""
        if request.key:
            digest = _digest(request)
            if self._join(caller, request_id, request, digest, now):
                return
        # One whose socket is about to close would only lose the call.
        here = [one for one in self._handlers.of(request.command) if one.closing is None]
        nodes = self._hub.nodes
        is_alone = nodes is None or nodes.port.is_away
        elsewhere = () if is_alone else map(self._remote, self._handlers.elsewhere(request.command))
        handlers: list[Connection | Remote] = [*here, *elsewhere]
        if not handlers:
            self._hub.figures.calls["away"] += 1
            raise Refusal(nobody_serves(request.command))
        self._check(request.args, f"the arguments of {request.command!r}")
        self._check_waits(caller)
        count = self._under_way.count_of(caller.info.user)
        self._hub.check("calls_per_user", count, "calls of a user under way at a time")
        handler = min(handlers, key=self._under_way.count_served_by)
        if not isinstance(handler, Remote):
            self._check_room(handler, request, caller.info.user)
            self._handlers.take_turn(request.command, handler)
        timeout_s = min(max(request.timeout_ms, 1), MAX_TIMEOUT_MS) / 1000
        call = Call(
            id=self._hub.make_id(),
            command=request.command,
            caller=caller,
            handler=handler,
            key=request.key,
            digest=digest,
            started_at=now,
            deadline=now + timeout_s,
            size=len(request.args),
        )
        self._under_way.add(call)
        self._under_way.wait(call, caller, request_id)
        if timeout_s > SHOWN_AFTER_S:
            call.timer = self._hub.timers.at(now + SHOWN_AFTER_S, lambda late: self._lasts(call, late))
        else:
            self._watch_deadline(call)
        self._board.audit_start(call, request.args, now)
        pushed = {
            "id": call.id,
            "command": call.command,
            "args": request.args,
            "caller": caller.info,
            "deadline_ms": int(call.deadline * 1000),
            "timeout_ms": round(timeout_s * 1000),
        }
        self._tell(call, "call", {"call": pushed})

    def cancel(self, by: Connection, call: Call, now: float) -> None:
        """Ask a call's handler to stop; how the call ends is still the handler's to say."""
        self._cancel(person_of(by), call, now)

    def _cancel(self, by: Person, call: Call, now: float) -> None:
        if call.state == "cancelling":
            return
        call.state = "cancelling"
        call.cancelled_by = by.name
        self._board.show(call, now)
        self._board.audit_cancel(call, by, now)
        cancel = {"call": call.id, "reason": "cancelled", "by": call.cancelled_by}
        self._tell(call, "cancel", {"cancel": cancel})

    def find(self, call_id: str) -> Call | None:
        """Return a call under way by its id."""
        return self._under_way.get(call_id)

    def find_own(self, caller: Connection, command: str, key: str) -> Call | None:
        """Return a call under way by what its caller told it apart by."""
        return self._under_way.at(Place(owner_of(caller), command, key))

    # answers ------------------------------------------------------------------------

    def progress(self, handler: Connection, report: Progress, now: float) -> str:
        """Take a handler's word on how far a call is, and return the call's state, ``"ended"`` if it is over.

        Raises:
            Refusal: If the fraction is none.
        """
        if report.fraction is not None and not 0 <= report.fraction <= 1:
            raise Refusal(codes.BAD_REQUEST, f"a fraction is from 0 to 1, not {report.fraction}")
        call = self._under_way.get(report.call)
        if call is None:
            return self._carrier.progress(handler, report)
        if call.handler is not handler:
            return "ended"
        self._note(call, report.fraction, report.note, now)
        return call.state

    def _note(self, call: Call, fraction: float | None, note: str, now: float) -> None:
        call.fraction, call.note = fraction, note[:MAX_NOTE_CHARS]
        self._board.show(call, now)

    def finish(self, handler: Connection, answer: Answer, now: float) -> None:
        """Pass a handler's answer to who waits. Of another connection, or after the deadline, it is dropped.

        Raises:
            Refusal: If the result can't be passed on; then the call has failed.
        """
        call = self._under_way.get(answer.call)
        if call is None:
            self._carrier.finish(handler, answer)
        elif call.handler is handler:
            self._finish(call, answer, now)

    def _finish(self, call: Call, answer: Answer, now: float) -> None:
        failure = answer.error
        if answer.cancelled:
            outcome = cancelled(call.command, call.cancelled_by)
        elif failure is not None:
            outcome = failed(f"{failure.type}: {failure.message}" if failure.message else failure.type)
        else:
            try:
                self._check(answer.result, f"the result of {call.command!r}")
            except Refusal as refusal:
                self._end(call, failed(str(refusal)), now)
                raise
            outcome = done(answer.result)
        self._end(call, outcome, now)

    def gone(self, connection: Connection, now: float) -> None:
        """Forget a connection. What it called goes on; of what it was serving nobody knows the outcome."""
        self._handlers.remove(connection, self._handlers.served_by(connection), now)
        self._carrier.gone(connection)
        for call in self._under_way.served_by(connection):
            self._end(call, unknown(call.command), now)
        for call in self._under_way.leave(connection):
            self._board.show(call, now)

    # inside -------------------------------------------------------------------------

    def _join(
        self, caller: Connection, request_id: int, request: CallRequest, digest: bytes, now: float
    ) -> bool:
        """Answer with the outcome of the call that the key stands for; False when it stands for none yet."""
        place = Place(owner_of(caller), request.command, request.key)
        known = self._under_way.at(place) or self._outcomes.get(place, now)
        if known is None:
            return False
        if known.digest != digest:
            message = f"the key {request.key!r} was used with other arguments of {request.command!r}"
            raise Refusal(codes.BAD_REQUEST, f"{message}: a new call needs a new key")
        if isinstance(known, Call):
            self._check_waits(caller)
            self._under_way.wait(known, caller, request_id)
        else:
            known.outcome.reply(caller, request_id)
        return True

    def _check_waits(self, caller: Connection) -> None:
        count = self._under_way.count_awaited_by(caller)
        self._hub.check("calls_per_connection", count, "answers that a connection waits for")

    def _check_room(self, handler: Connection, request: CallRequest, user: str) -> None:
        """Refuse a call that could get a handler cut off which is behind. One user leaves room for others."""
        size = len(request.args)
        if not handler.is_behind(size, 4):
            return
        own = sum(call.size for call in self._under_way.served_by(handler) if call.caller.info.user == user)
        if handler.is_behind(size, 2) or own + size > self._hub.rules.limits.replies_bytes // 8:
            self._hub.refused["handler_behind"] += 1
            raise Refusal(codes.LIMIT_EXCEEDED, behind(request.command))

    def _check(self, data: Raw, what: str) -> None:
        depth = self._hub.rules.limits.json_depth
        if depth and is_too_deep(bytes(data), depth):
            self._hub.refused["json_depth"] += 1
            message = f"{what} may be nested {depth} levels deep at most: json_depth"
            raise Refusal(codes.LIMIT_EXCEEDED, message)
        if has_number_out_of_range(bytes(data)):
            raise Refusal(codes.BAD_REQUEST, f"{what}: {OUT_OF_RANGE}")

    def _lasts(self, call: Call, now: float) -> None:
        self._board.show(call, now)
        self._watch_deadline(call)

    def _watch_deadline(self, call: Call) -> None:
        call.timer = self._hub.timers.at(call.deadline, lambda late: self._on_deadline(call, late))

    def _on_deadline(self, call: Call, now: float) -> None:
        self._end(call, too_late(call.command), now)
        # So that it does not work on for nobody.
        self._tell(call, "deadline", {"cancel": {"call": call.id, "reason": "deadline", "by": ""}})

    def _end(self, call: Call, outcome: Outcome, now: float) -> None:
        """Take a call out of everything that knows it, and give its outcome to who waits."""
        waiting = self._under_way.remove(call)
        if call.timer is not None:
            call.timer.cancel()
        if call.key:
            self._outcomes.keep(call.place, call.digest, outcome, now)
            self._forget_later(now)
        call.state = outcome.state
        self._hub.figures.calls[outcome.state] += 1
        self._hub.figures.call_seconds.add(now - call.started_at)
        if self._board.shows(call) or call.caller.ended:
            self._board.end(call, outcome, now)
        self._board.audit_end(call, outcome, now)
        for connection, request_id in waiting:
            outcome.reply(connection, request_id)

    def _remote(self, node: str) -> Remote:
        return self._remotes.setdefault(node, Remote(node))

    def _tell(
        self, call: Call, what: Literal["call", "cancel", "deadline"], message: dict[str, object]
    ) -> None:
        """Send the handler of a call a message, wherever it is."""
        data, handler = _encode({"rtwidgets": message}), call.handler
        if isinstance(handler, Remote):
            assert self._hub.nodes is not None
            carry = Carry(self._hub.nodes.node, call.id, call.command, what, data)
            self._hub.nodes.send(handler.node, carry)
        else:
            push = Push(message=PushedMessage(Raw(data)))
            handler.notify(codec.encode(Reply(push=push)))

    def _forget_later(self, now: float) -> None:
        if not self._forgets:
            self._forgets = True
            self._hub.timers.at(now + FORGET_INTERVAL_S, self._forget)

    def _forget(self, now: float) -> None:
        self._outcomes.forget(now)
        self._forgets = False
        if self._outcomes:
            self._forget_later(now)


def _digest(request: CallRequest) -> bytes:
    """Return what stands for the arguments of a call with a key.

    Raises:
        Refusal: If the key or the arguments can't be used.
    """
    if len(request.key) > MAX_KEY_CHARS:
        raise Refusal(codes.BAD_REQUEST, f"a key has at most {MAX_KEY_CHARS} characters")
    try:
        return digest_of(request.args)
    except (ValueError, RecursionError) as error:
        message = f"the arguments of {request.command!r} can't be read: {error}"
        raise Refusal(codes.BAD_REQUEST, message) from None
