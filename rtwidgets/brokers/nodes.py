"""What hubs tell each other, on Redis: streams that every hub reads, and what is kept for later ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .calls import Script
from .client import TIMEOUT_S, Command
from .redis import PREFIX, RedisBroker

# A hub that has not said for so long that it lives has ended.
NODE_TTL_S = 10.0
# A reading waits so long for something to come; shorter than what counts as a dead server.
WAIT_S = min(1.0, TIMEOUT_S / 2)
# Messages that are kept for hubs that were away for a moment.
KEPT = 50_000
# Messages in one answer.
PIECE = 500
# A mailbox that nobody empties goes after this.
INBOX_TTL_S = 60.0

# One tag, as the scripts use several of these together.
_TAG = f"{PREFIX}{{n}}:"
_NODES, _CONTROL, _SHARED = f"{_TAG}nodes", f"{_TAG}control", f"{_TAG}shared"
# The field of a hub's facts that counts what it has told.
SEQ = b""

# KEYS: nodes. ARGV: tag, this hub's id, time to live. Returns whether it was known, and all that live.
_BEAT = Script("""
local function alive(id) return ARGV[1] .. 'alive:' .. id end
local known = redis.call('EXISTS', alive(ARGV[2]))
redis.call('SET', alive(ARGV[2]), 1, 'PX', ARGV[3])
redis.call('SADD', KEYS[1], ARGV[2])
local answer = {known}
for _, id in ipairs(redis.call('SMEMBERS', KEYS[1])) do
  if redis.call('EXISTS', alive(id)) == 1 then
    answer[#answer + 1] = id
  else
    redis.call('SREM', KEYS[1], id)
    redis.call('DEL', ARGV[1] .. 'facts:' .. id, ARGV[1] .. 'inbox:' .. id)
  end
end
return answer
""")

# KEYS: facts, control. ARGV: message, most messages, whether facts from before go, how many are set; then
# name and value of each, and the names of those that go.
_TELL = Script("""
if ARGV[3] == '1' then redis.call('DEL', KEYS[1]) end
local at = 5
for _ = 1, tonumber(ARGV[4]) do
  redis.call('HSET', KEYS[1], ARGV[at], ARGV[at + 1])
  at = at + 2
end
for i = at, #ARGV do redis.call('HDEL', KEYS[1], ARGV[i]) end
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'm', ARGV[1])
""")


class NodeBook:
    """One hub's side of it.

    Every method raises an `ArchiveFault` when it can't be done now.

    Args:
        node: This hub's id.
    """

    def __init__(self, broker: RedisBroker, node: str) -> None:
        self._broker = broker
        self._node = node
        self._inbox = f"{_TAG}inbox:{node}"
        # How far the streams were read.
        self._read_to: dict[bytes, bytes] = {}

    async def beat(self) -> tuple[bool, list[str]]:
        """Say that this hub lives; return whether that was known, and which hubs do."""
        call = _BEAT.call([_NODES], _TAG, self._node, int(NODE_TTL_S * 1000))
        ((known, *alive),) = await self._ask([call])
        return bool(known), [node.decode() for node in alive]

    async def leave(self) -> None:
        """Say that this hub ends; others see it at their next beat."""
        await self._ask([("DEL", f"{_TAG}alive:{self._node}")])

    async def tell(self, message: bytes, seq: int, facts: Mapping[str, bytes | None], *, anew: bool) -> None:
        """Tell all hubs facts about this one.

        Args:
            anew: Whether these are all there are.
        """
        kept: dict[bytes, bytes | None] = {name.encode(): value for name, value in facts.items()}
        kept[SEQ] = str(seq).encode()
        await self._ask([_told(f"{_TAG}facts:{self._node}", message, kept, anew=anew)])

    async def share(self, message: bytes, facts: Mapping[str, bytes | None]) -> None:
        """Tell all hubs what holds for all of them."""
        kept = {name.encode(): value for name, value in facts.items()}
        await self._ask([_told(_SHARED, message, kept, anew=False)])

    async def send(self, messages: list[tuple[str | None, bytes]]) -> None:
        """Send messages, each to one hub, or to all."""
        commands: list[Command] = []
        for node, message in messages:
            stream = _CONTROL if node is None else f"{_TAG}inbox:{node}"
            commands.append(("XADD", stream, "MAXLEN", "~", KEPT, "*", "m", message))
            if node is not None:
                commands.append(("PEXPIRE", stream, int(INBOX_TTL_S * 1000)))
        await self._ask(commands)

    async def begin(self) -> None:
        """Read from here on."""
        answers = await self._ask([("XREVRANGE", stream, "+", "-", "COUNT", 1) for stream in self._streams])
        for stream, entries in zip(self._streams, answers, strict=True):
            self._read_to[stream.encode()] = entries[0][0] if entries else b"0-0"

    async def read(self) -> list[bytes]:
        """Wait for messages, not for long, and return them."""
        ends = [self._read_to[stream.encode()] for stream in self._streams]
        wait_ms = int(WAIT_S * 1000)
        command: Command = ("XREAD", "COUNT", PIECE, "BLOCK", wait_ms, "STREAMS", *self._streams, *ends)
        (answer,) = await self._ask([command])
        pairs = answer.items() if isinstance(answer, dict) else answer or ()
        found = []
        for stream, entries in pairs:
            for entry_id, fields in entries:
                found.append(fields[b"m"] if isinstance(fields, dict) else fields[1])
                self._read_to[stream] = entry_id
        return found

    async def facts(self, node: str) -> tuple[int, dict[str, bytes]]:
        """Return all facts of a hub, with the number of what it told last."""
        found = await self._hash(f"{_TAG}facts:{node}")
        seq = int(found.pop(SEQ, b"0"))
        return seq, {name.decode(): value for name, value in found.items()}

    async def shared(self) -> dict[str, bytes]:
        """Return what hubs share."""
        return {name.decode(): value for name, value in (await self._hash(_SHARED)).items()}

    @property
    def _streams(self) -> tuple[str, str]:
        return _CONTROL, self._inbox

    async def _hash(self, name: str) -> dict[bytes, bytes]:
        (found,) = await self._ask([("HGETALL", name)])
        return dict(found) if isinstance(found, dict) else dict(zip(found[::2], found[1::2], strict=True))

    async def _ask(self, commands: list[Command]) -> list[Any]:
        return await self._broker.ask(commands)


def _told(key: str, message: bytes, facts: dict[bytes, bytes | None], *, anew: bool) -> Command:
    sets = [part for name, value in facts.items() if value is not None for part in (name, value)]
    gone = [name for name, value in facts.items() if value is None]
    return _TELL.call([key, _CONTROL], message, KEPT, int(anew), len(sets) // 2, *sets, *gone)
