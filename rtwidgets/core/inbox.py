"""What a client has sent and the hub has not done yet: each command in its time, in turns with others."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..protocol import codec, codes
from ..protocol.messages import Command, PublishRequest, RpcRequest
from . import publishing, requests
from .kinds import Table
from .rates import Bucket, bucket
from .rpc import PUBLISH

if TYPE_CHECKING:
    from .connection import Connection


# With this much of replies waiting a connection's next commands wait too.
PAUSE_BYTES = 128 * 1024
# With so much of requests waiting for an archive its next commands wait too.
MAX_PENDING_BYTES = 256 * 1024
# A client that has sent commands for so long that they wait this many seconds is cut off.
MAX_ARREARS_S = 5.0
# Most publish commands that are carried out together: their replies wait together.
MAX_RUN = 512
# And about so many bytes, of channels whose state each of them changes so few: that is more work.
MAX_RUN_BYTES = 16 * 1024
MAX_STATEFUL_RUN = 16
# A connection whose commands took so long goes on when others have had their turn.
TURN_S = 0.002
# So much of its share of the hub's time a connection may use at once.
WORK_BURST_S = 0.1


class Inbox:
    """The commands of one connection that wait.

    They are carried out in order: some at once and the rest when the connection has its next turn, when its
    rates and its share of the hub's time allow it, and when its replies have left.

    Args:
        wake: Called when `resume` may go on.
    """

    def __init__(self, connection: Connection, wake: Callable[[], None], now: float) -> None:
        self._connection = connection
        self._hub = connection.hub
        self._wake = wake
        self._commands: deque[Command] = deque()
        # Id of a command that is carried out in steps, and what is left of it.
        self._steps: tuple[int, publishing.Steps] | None = None
        # About how many bytes wait for an archive, of requests that have no answer yet.
        self.pending = 0
        limits = self._hub.rules.limits
        self._rate = bucket(limits.commands_per_s, now)
        self._publishes = bucket(limits.publishes_per_s, now)
        self._work = bucket(limits.work_ms_per_s, now, WORK_BURST_S)
        # Its commands wait for their time.
        self._rests = False

    def receive(self, frames: list[bytes], now: float) -> None:
        """Take frames of the client, as many as came together."""
        if self._connection.closing is not None:
            return
        try:
            # Reading many at once costs a fraction of reading them one by one.
            commands = codec.decode_commands(frames)
        except codec.FrameError:
            if len(frames) == 1:
                self._connection.close(codes.BAD_FRAME)
            else:  # those before the bad one count
                for frame in frames:
                    self.receive([frame], now)
            return
        self._commands.extend(commands)
        self.resume(now)

    def clear(self) -> None:
        """Forget the commands that have not begun."""
        self._commands.clear()

    # what they cost -----------------------------------------------------------

    def ping(self, count: int, now: float) -> None:
        """Note pings, pongs and such of the client's WebSocket; they count as commands."""
        if self._rate is not None:
            self._rate.take(count)
            self._is_due(self._rate, now)

    def charge(self, commands: int) -> None:
        """Count a command that is as much work as several."""
        if self._rate is not None:
            self._rate.take(commands)

    def charge_publications(self, count: int) -> None:
        """Count publications that did not come as publish commands."""
        if self._publishes is not None:
            self._publishes.take(count)

    def spend(self, seconds: float) -> None:
        """Count time that the hub has worked for this client only."""
        if self._work is not None:
            self._work.take(seconds * 1000)

    # in turns -----------------------------------------------------------------

    @property
    def congested(self) -> bool:
        """Whether commands wait, for replies to leave or for their time."""
        return self._rests or self._is_at_work

    @property
    def can_go_on(self) -> bool:
        """Whether `resume` may do something once the replies have left."""
        return not self._rests and self._is_at_work and self.pending <= MAX_PENDING_BYTES

    @property
    def _is_at_work(self) -> bool:
        return self._connection.closing is None and (self._steps is not None or bool(self._commands))

    def resume(self, now: float) -> None:
        """Go on with what waits, for a turn; `wake` is called when it is over and something is left."""
        clock = self._hub.clock
        begun = at = clock()
        while self._do_next(now):
            at = clock()
            if at - begun >= TURN_S:
                if self._is_at_work:
                    self._wake()
                break
        self.spend(at - begun)

    def _do_next(self, now: float) -> bool:
        """Carry out the next command; return whether there was one and nothing held it back."""
        commands, connection = self._commands, self._connection
        if not self._is_at_work or connection.replies_bytes > PAUSE_BYTES:
            return False
        if self.pending > MAX_PENDING_BYTES:
            return False
        if self._steps is not None:
            if self._work is not None and not self._is_due(self._work, now):
                return False
            self._step(now)
            return True
        request = commands[0].publish
        due = self._rate if request is None else self._publishes
        if any(each is not None and not self._is_due(each, now) for each in (due, self._work)):
            return False
        if request is None and self._owes_for(commands[0].rpc, now):
            return False
        if due is not None:
            due.take(1)
        command = commands.popleft()
        if request is None or not command.id or connection.credentials is None:
            connection.handle(command, now)
        else:
            self._publish(command.id, request, now)
        return True

    def _owes_for(self, request: RpcRequest | None, now: float) -> bool:
        """Say whether a batch of publications has to wait for those before it to be paid for."""
        if request is None or request.method != PUBLISH or self._publishes is None:
            return False
        return not self._is_due(self._publishes, now)

    def _is_due(self, due: Bucket, now: float) -> bool:
        """Say whether the next command may be carried out; if not, come back when it may."""
        wait_s = due.wait_s(now)
        if not wait_s:
            return True
        if due is self._rate and len(self._commands) > MAX_ARREARS_S * due.rate:
            self._hub.refused["commands_per_s"] += 1
            self._connection.close(codes.TOO_MANY_COMMANDS)
        elif not self._rests:
            self._hub.refused[self._limit_of(due)] += 1
            self._rests = True
            self._hub.timers.at(now + wait_s, self._on_rested)
        return False

    def _limit_of(self, due: Bucket) -> str:
        if due is self._work:
            return "work_ms_per_s"
        return "commands_per_s" if due is self._rate else "publishes_per_s"

    def _on_rested(self, now: float) -> None:
        self._rests = False
        self._wake()

    # in steps -----------------------------------------------------------------

    def do_in_steps(self, request_id: int, steps: publishing.Steps) -> None:
        """Carry out a command step by step: others have their turns between them, and the next one waits."""
        next(steps)  # to where it waits for the time of the first
        self._steps = request_id, steps

    def finish(self, now: float) -> None:
        """Do what has begun to the end: it counts as done."""
        while self._steps is not None:
            self._step(now)

    def _step(self, now: float) -> None:
        if self._steps is not None and not requests.go_on(self._connection, *self._steps, now):
            self._steps = None

    # in runs ------------------------------------------------------------------

    def _publish(self, request_id: int, request: PublishRequest, now: float) -> None:
        """Carry out a publish command, and with it those right behind it for the same channel."""
        commands, channel = self._commands, request.channel
        ids, items = [request_id], [bytes(request.data)]
        most, room = self._run_of(channel)
        room -= len(items[0])
        while commands and len(ids) < most and room > 0:
            command = commands[0]
            following = command.publish
            if following is None or following.channel != channel or not command.id:
                break
            commands.popleft()
            ids.append(command.id)
            items.append(bytes(following.data))
            room -= len(items[-1])
        self.charge_publications(len(ids) - 1)
        publishing.publish(self._connection, channel, ids, items, now)

    def _run_of(self, name: str) -> tuple[int, float]:
        """Return how many publications to a channel are carried out together, and how many bytes."""
        channel = self._connection.publishes_to.get(name)
        if channel is None:
            return MAX_STATEFUL_RUN, MAX_RUN_BYTES
        if channel.durable is not None:  # an archive takes large batches, and carries them out later
            return MAX_RUN, MAX_RUN_BYTES if isinstance(channel.kind, Table) else math.inf
        is_stateful = channel.namespace.kind not in ("event", "stream")
        return MAX_STATEFUL_RUN if is_stateful else MAX_RUN, MAX_RUN_BYTES
