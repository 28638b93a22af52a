"""The kernel's end of the relay: pages' messages in, the hub's frames out, all in the portal's loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from ..client.sockets import SocketClosedError
from ..core.capabilities import Caps, covers
from ..core.origins import parse_origin
from .relay_bundles import Bundle, Bundles, Event
from .relay_pace import Pace, kernel_pace
from .scope import Scope

logger = logging.getLogger("rtwidgets.relay")

# Our own close code: clients come back after it and keep the reason, as they do not for 1006.
RELAY_BROKE = 4001
LOOPBACK = ("127.0.0.1", "localhost", "::1")
# Renewed at half its life: the kernel may hang for the other half.
TOKEN_TTL_S = 900.0
# A cell that makes many widgets needs few tokens.
WIDEN_AFTER_S = 0.02
WIDEN_INTERVAL_S = 0.25
REQUEST_TIMEOUT_S = 10.0
HOUSEKEEPING_S = 5.0
MAX_FRAMES_FROM_PAGE = 1_000
MAX_NAME = 64
MAX_ORIGIN = 255
# Pages of one kernel come from one Jupyter server; on this machine under few names and ports.
MAX_ORIGINS = 16


class Pipe(Protocol):
    """A socket to the hub of which only whole frames are seen."""

    async def send(self, frame: str) -> None: ...
    async def recv(self) -> str: ...
    async def close(self, code: int = 1000, reason: str = "") -> None: ...


class Portal(Protocol):
    @property
    def loop(self) -> asyncio.AbstractEventLoop: ...
    def call_soon(self, fn: Callable[..., object], *args: object) -> None: ...


class RelayHub(Protocol):
    """What the relay needs of a hub."""

    @property
    def key(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def port(self) -> int | None: ...
    @property
    def is_local(self) -> bool: ...
    @property
    def hub_id(self) -> str | None: ...
    @property
    def is_closed(self) -> bool: ...
    @property
    def portal(self) -> Portal: ...
    async def open_pipe(self) -> Pipe: ...
    async def mint_token(self, ttl_s: float, caps: Caps) -> tuple[str, int]: ...
    async def allow_origin(self, origin: str) -> None: ...
    def on_status(self, fn: Callable[[str], object]) -> object: ...


class _Token(NamedTuple):
    text: str
    expires_at_ms: int
    # What it was asked for: where the hub gives less, the page hears so from the hub.
    caps: Caps


class _Conn:
    """One connection of one page, as long as both ends are there."""

    def __init__(self) -> None:
        self.outgoing: asyncio.Queue[str] = asyncio.Queue(MAX_FRAMES_FROM_PAGE)
        self.task: asyncio.Task[None] | None = None


class RelayDriver:
    """Connects the pages of one relay with its hub.

    Args:
        hub: Where the frames go.
        scope: What the pages' token is to give.
        send: Sends one comm message; called in the portal's loop only.
        on_end: Called in the portal's loop, once, when the hub object was closed.
        pace: How often it may be called; one for the whole kernel.
    """

    def __init__(
        self,
        hub: RelayHub,
        scope: Scope,
        send: Callable[[Event, list[bytes]], None],
        on_end: Callable[[], None],
        pace: Pace = kernel_pace,
    ) -> None:
        self._hub = hub
        self._scope = scope
        # Kept, as a hub object that was closed has none.
        self._portal = hub.portal
        self._send = send
        self._on_end = on_end
        self._pace = pace
        self._bundles = Bundles()
        self._conns: dict[tuple[str, str], _Conn] = {}
        self._room: dict[str, asyncio.Event] = {}
        self._origins: set[str] = set()
        self._greeting: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flushing = False
        self._closed = False
        self._sent_config: tuple[object, ...] | None = None
        self._token: _Token | None = None
        self._minted_at = 0.0
        self._minting = asyncio.Lock()
        self._widening = False
        self._refused: str | None = None
        hub.on_status(lambda status: self._portal.call_soon(self._status_changed, status))
        self._portal.call_soon(self._start)
        scope.on_growth = self._scope_grew

    def receive(self, content: object) -> None:
        """Take a page's message. Safe from any thread: ipykernel may call from a subshell's."""
        self._portal.call_soon(self._take, content)

    def close(self) -> None:
        """End all connections. Safe from any thread."""
        self._portal.call_soon(self._close)

    def _scope_grew(self) -> None:
        # On the thread that made a widget.
        self._portal.call_soon(self._widen_soon)

    # Everything below runs in the portal's loop.

    def _start(self) -> None:
        self._spawn(self._keep_house())

    def _close(self) -> None:
        self._closed = True
        for task in list(self._tasks):
            task.cancel()

    def _take(self, content: object) -> None:
        if self._closed or not isinstance(content, Mapping):
            return
        page = _name(content.get("page"))
        conn = _name(content.get("conn"))
        kind = content.get("type")
        if page is None or not isinstance(kind, str):
            return
        if kind == "hello":
            self._hello(page, content.get("origin"))
            return
        if kind == "bye":
            self._drop_page(page)
            return
        if not self._bundles.heard(page, self._now()):
            # Dropped after a long silence: the page opens its connections anew.
            self._bundles.hello(page, self._now())
        match kind, conn, content.get("data"), content.get("seq"):
            case "open", str(), _, _:
                self._open(page, conn)
            case "frame", str(), str() as data, _:
                self._forward(page, conn, data)
            case "close", str(), _, _:
                self._cancel(page, conn)
            case "ack", _, _, int() as seq:
                self._bundles.ack(page, seq)
                self._let_read(page)
            case "token", _, _, _:
                self._spawn(self._renew_token(page))
            case _:
                logger.debug("a page sent what is no message of the relay: %r", kind)

    def _hello(self, page: str, origin: object) -> None:
        self._bundles.hello(page, self._now())
        self._room.setdefault(page, asyncio.Event()).set()
        self._note_origin(origin)
        self._greet(page)

    def _note_origin(self, origin: object) -> None:
        """Keep where this kernel's pages come from: the first one's origin, or those of this machine.

        What a page says of itself, any script in it can say. Others stay on the relay.
        """
        known = parse_origin(origin) if isinstance(origin, str) and len(origin) <= MAX_ORIGIN else None
        if known is None or known in self._origins:
            return
        if not self._origins or (
            len(self._origins) < MAX_ORIGINS and all(map(_is_here, {known} | self._origins))
        ):
            self._origins.add(known)
        else:
            logger.info(
                "pages of %s stay on the relay: others of this kernel are of %s", known, self._origins
            )

    def _greet(self, page: str) -> None:
        # A page repeats its hello until it is answered.
        if page not in self._greeting:
            self._greeting.add(page)
            self._spawn(self._answer_hello(page))

    async def _answer_hello(self, page: str) -> None:
        """Tell a page where the hub is, once the hub lets it in."""
        try:
            await self._allow_origins()
            token = await self._fresh_token()
        finally:
            self._greeting.discard(page)
        hub = self._hub
        here = hub.is_local or _is_here(hub.url)
        event: Event = {
            "type": "config",
            "hub_id": hub.hub_id,
            "port": hub.port if here else None,
            "public_url": None if here else hub.url,
        }
        self._add_event(page, event | self._token_fields(token))

    def _token_fields(self, token: _Token | None) -> Event:
        if token is None:
            return {"reason": f"the hub gives no token: {self._refused}"}
        caps = {target: sorted(verbs) for target, verbs in token.caps.items()}
        return {"token": token.text, "expires_at_ms": token.expires_at_ms, "caps": caps}

    async def _allow_origins(self) -> None:
        for origin in list(self._origins):
            try:
                async with asyncio.timeout(REQUEST_TIMEOUT_S):
                    await self._hub.allow_origin(origin)
            except Exception as error:
                # Without the right to do this the direct way stays shut, and the relay goes on.
                logger.info("the hub does not allow the origin %s: %s", origin, error)

    async def _fresh_token(self, newer_than: float | None = None) -> _Token | None:
        """Return a token for all widgets with more than half its life left, a new one if necessary."""
        async with self._minting:
            made_before = self._now() - TOKEN_TTL_S / 2 if newer_than is None else newer_than
            caps = self._scope.caps()
            if self._token is None or self._minted_at <= made_before or not covers(self._token.caps, caps):
                self._minted_at = self._now()
                try:
                    async with asyncio.timeout(REQUEST_TIMEOUT_S):
                        self._token = _Token(*await self._hub.mint_token(TOKEN_TTL_S, caps), caps)
                    self._refused = None
                except Exception as error:
                    self._token = None
                    self._refused = str(error) or type(error).__name__
                    logger.warning("no token for the page: %s", error)
            return self._token

    async def _renew_token(self, page: str) -> None:
        """Answer a page that needs another token than the one it has."""
        token = await self._fresh_token(self._now() - 1.0)
        self._add_event(page, {"type": "token"} | self._token_fields(token))

    def _widen_soon(self) -> None:
        """Give the pages a wider token, once for all widgets that are made together."""
        if self._widening or self._closed or not self._bundles.pages:
            return
        self._widening = True
        wait_s = max(WIDEN_AFTER_S, self._minted_at + WIDEN_INTERVAL_S - self._now())
        self._portal.loop.call_later(wait_s, self._widen)

    def _widen(self) -> None:
        self._widening = False
        if not self._closed:
            self._spawn(self._push_token())

    async def _push_token(self) -> None:
        token = await self._fresh_token()
        for page in self._bundles.pages:
            self._add_event(page, {"type": "token"} | self._token_fields(token))

    def _status_changed(self, status: str) -> None:
        if status == "connected":
            # The hub has forgotten them with the connection before.
            self._spawn(self._allow_origins())
        self._hub_changed()

    def _hub_changed(self) -> None:
        config = (self._hub.hub_id, self._hub.port, self._hub.url)
        if self._closed or self._hub.hub_id is None or config == self._sent_config:
            return
        self._sent_config = config
        self._token = None
        for page in self._bundles.pages:
            self._greet(page)

    def _open(self, page: str, conn: str) -> None:
        if (page, conn) in self._conns:
            return
        entry = self._conns[page, conn] = _Conn()
        entry.task = self._spawn(self._carry(page, conn, entry))

    def _forward(self, page: str, conn: str, data: str) -> None:
        entry = self._conns.get((page, conn))
        if entry is None:
            self._add_event(page, _closed(conn, RELAY_BROKE, "the relay has no such connection"))
            return
        try:
            entry.outgoing.put_nowait(data)
        except asyncio.QueueFull:
            self._cancel(page, conn)
            self._add_event(
                page, _closed(conn, RELAY_BROKE, f"over {MAX_FRAMES_FROM_PAGE} frames wait for the hub")
            )

    async def _carry(self, page: str, conn: str, entry: _Conn) -> None:
        """Carry frames both ways until one side ends it."""
        code, reason = RELAY_BROKE, "the relay was closed"
        pipe: Pipe | None = None
        writer: asyncio.Task[None] | None = None
        try:
            pipe = await self._hub.open_pipe()
            self._add_event(page, {"type": "opened", "conn": conn})
            writer = asyncio.create_task(_write(pipe, entry.outgoing))
            while True:
                room = self._room.setdefault(page, asyncio.Event())
                if not self._bundles.may_read(page):
                    room.clear()
                    await room.wait()
                self._bundles.add_frame(page, conn, await pipe.recv())
                self._kick()
        except asyncio.CancelledError:
            raise
        except Exception as error:
            code, reason = close_code(error)
        finally:
            if self._conns.get((page, conn)) is entry:
                del self._conns[page, conn]
                self._add_event(page, _closed(conn, code, reason))
            if writer is not None:
                writer.cancel()
            if pipe is not None:
                await pipe.close()

    def _cancel(self, page: str, conn: str) -> None:
        """End a connection that the page has closed: nothing is said about it any more."""
        entry = self._conns.pop((page, conn), None)
        if entry is not None and entry.task is not None:
            entry.task.cancel()

    def _drop_page(self, page: str) -> None:
        for key in [key for key in self._conns if key[0] == page]:
            self._cancel(*key)
        self._bundles.forget(page)
        self._room.pop(page, None)

    def _let_read(self, page: str) -> None:
        if self._bundles.may_read(page):
            self._room.setdefault(page, asyncio.Event()).set()

    def _add_event(self, page: str, event: Event) -> None:
        self._bundles.add_event(page, event)
        self._kick()

    def _kick(self) -> None:
        if not self._flushing and not self._closed:
            self._flushing = True
            # After this turn of the loop: what other connections have got in it joins the bundle.
            self._portal.loop.call_soon(self._flush)

    def _flush(self) -> None:
        if self._closed:
            return
        wait_s = self._pace.take(self._now())
        if wait_s == 0.0:
            bundle = self._bundles.take()
            if bundle is not None:
                self._send_bundle(bundle)
            if not self._bundles.waiting:
                self._flushing = False
                return
        self._portal.loop.call_later(wait_s, self._flush)

    def _send_bundle(self, bundle: Bundle) -> None:
        try:
            self._send({"seq": bundle.seq, "events": bundle.events}, bundle.buffers)
        except Exception:
            logger.exception("the relay can't send to its pages")

    async def _keep_house(self) -> None:
        self._hub_changed()
        while not self._closed:
            await asyncio.sleep(HOUSEKEEPING_S)
            await self._tend()

    async def _tend(self) -> None:
        """Drop silent pages, renew tokens, and end with the hub object."""
        if self._hub.is_closed:
            self._on_end()
            return
        for page in self._bundles.silent(self._now()):
            self._drop_page(page)
        if self._bundles.pages and self._now() - self._minted_at > TOKEN_TTL_S / 2:
            await self._push_token()

    def _spawn(self, coro: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._portal.loop.create_task(coro)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("a task of the relay failed", exc_info=error)

    def _now(self) -> float:
        return time.monotonic()


async def _write(pipe: Pipe, outgoing: asyncio.Queue[str]) -> None:
    try:
        while True:
            await pipe.send(await outgoing.get())
    except Exception as error:
        # The reading side meets the same end and reports it.
        logger.debug("writing to the hub ended: %s", error)


def close_code(error: Exception) -> tuple[int, str]:
    """Return the WebSocket close code and reason an exception stands for."""
    if isinstance(error, SocketClosedError):
        return error.code, error.reason
    return RELAY_BROKE, str(error) or type(error).__name__


def _closed(conn: str, code: int, reason: str) -> Event:
    return {"type": "closed", "conn": conn, "code": code, "reason": reason}


def _is_here(url: str) -> bool:
    return urlsplit(url).hostname in LOOPBACK


def _name(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= MAX_NAME else None
