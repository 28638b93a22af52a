from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from rtwidgets.client.sockets import SocketClosedError
from rtwidgets.core.capabilities import Caps
from rtwidgets.widgets import relay_driver
from rtwidgets.widgets.relay_bundles import MAX_UNACKED_BUNDLES
from rtwidgets.widgets.relay_driver import RelayDriver
from rtwidgets.widgets.relay_pace import Pace
from rtwidgets.widgets.scope import SEE, Scope


class FakePipe:
    """A socket whose hub end is in the test's hands."""

    def __init__(self) -> None:
        self.to_page: asyncio.Queue[str | Exception] = asyncio.Queue()
        self.sent: list[str] = []
        self.closed = False
        self.reads = 0

    async def send(self, frame: str) -> None:
        self.sent.append(frame)

    async def recv(self) -> str:
        frame = await self.to_page.get()
        self.reads += 1
        if isinstance(frame, Exception):
            raise frame
        return frame

    async def close(self, code: int = 1000, reason: str = "") -> None:
        self.closed = True


class FakePortal:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()

    def call_soon(self, fn: Callable[..., object], *args: object) -> None:
        self.loop.call_soon_threadsafe(fn, *args)


class FakeHub:
    key = "k"
    url = "http://127.0.0.1:8090"
    is_closed = False
    is_local = True

    def __init__(self) -> None:
        self.portal = FakePortal()
        self.port: int | None = 8090
        self.hub_id: str | None = "h1"
        self.pipes: list[FakePipe] = []
        self.origins: list[str] = []
        self.minted: list[Caps] = []
        self.asked_ttl_s: list[float] = []
        self.refuses: Exception | None = None
        self.status: Callable[[str], object] = lambda _status: None

    async def open_pipe(self) -> FakePipe:
        if self.refuses is not None:
            raise self.refuses
        self.pipes.append(FakePipe())
        return self.pipes[-1]

    async def mint_token(self, ttl_s: float, caps: Caps) -> tuple[str, int]:
        if self.refuses is not None:
            raise self.refuses
        self.minted.append(caps)
        self.asked_ttl_s.append(ttl_s)
        return f"t{len(self.minted)}", 1_000

    async def allow_origin(self, origin: str) -> None:
        self.origins.append(origin)

    def on_status(self, fn: Callable[[str], object]) -> None:
        self.status = fn


class Setup:
    """A driver with a fake hub, and what its pages got."""

    def __init__(self, pace: Pace) -> None:
        self.hub = FakeHub()
        self.messages: list[tuple[dict[str, Any], list[bytes]]] = []
        self.ended = 0
        self.scope = Scope()
        self.scope.add({"stream:px": SEE})
        self.driver = RelayDriver(self.hub, self.scope, self._send, self._end, pace)

    def _send(self, content: dict[str, Any], buffers: list[bytes]) -> None:
        self.messages.append((content, buffers))

    def _end(self) -> None:
        self.ended += 1

    def page(self, kind: str, **fields: object) -> None:
        self.driver.receive({"type": kind, "page": "p", **fields})

    def events(self, kind: str) -> list[dict[str, Any]]:
        return [event for content, _ in self.messages for event in content["events"] if event["type"] == kind]

    def frames(self) -> list[bytes]:
        return [
            buffers[event["buffer"]]
            for content, buffers in self.messages
            for event in content["events"]
            if event["type"] == "frames"
        ]

    async def until(self, holds: Callable[..., object]) -> None:
        async with asyncio.timeout(2):
            while not holds():
                await asyncio.sleep(0)

    async def open(self) -> FakePipe:
        self.page("hello", origin="http://localhost:8888", base="/")
        await self.until(lambda: self.events("config"))
        self.page("open", conn="1")
        await self.until(lambda: self.events("opened"))
        return self.hub.pipes[-1]


@pytest.fixture
async def relay() -> AsyncIterator[Setup]:
    setup = Setup(Pace(interval_s=0.0))
    yield setup
    setup.driver.close()
    await asyncio.sleep(0.01)


async def test_hello_is_answered_with_the_hub_and_a_token_once_the_origin_is_allowed(relay: Setup) -> None:
    relay.page("hello", origin="http://localhost:8888", base="/")
    await relay.until(lambda: relay.events("config"))
    assert relay.hub.origins == ["http://localhost:8888"]
    assert relay.events("config") == [
        {
            "type": "config",
            "page": "p",
            "hub_id": "h1",
            "port": 8090,
            "public_url": None,
            "token": "t1",
            "expires_at_ms": 1_000,
            "caps": {"stream:px": ["subscribe"]},
        }
    ]


async def test_a_hub_elsewhere_is_given_by_its_address_and_not_by_its_port(relay: Setup) -> None:
    relay.hub.is_local = False
    relay.hub.url = "https://hub.example.org"
    relay.page("hello", origin="null", base="/")
    await relay.until(lambda: relay.events("config"))
    config = relay.events("config")[0]
    assert (config["port"], config["public_url"]) == (None, "https://hub.example.org")
    assert relay.hub.origins == []


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [
        (["https://lab.example.org", "https://evil.example"], {"https://lab.example.org"}),
        (["https://lab.example.org", "http://127.0.0.1:8888"], {"https://lab.example.org"}),
        (["https://lab.example.org", "https://lab.example.org:444"], {"https://lab.example.org"}),
        (
            [
                "http://localhost:8888",
                "https://evil.example",
                "http://127.0.0.1.evil.example",
                "http://[::1]:8888",
            ],
            {"http://localhost:8888", "http://[::1]:8888"},
        ),
        (["null", "vscode-webview://x", "http://[", "http://a b", "https://" + "a" * 300, 5, None], set()),
        (
            [f"http://localhost:{port}" for port in range(1, 99)],
            {f"http://localhost:{n}" for n in range(1, 17)},
        ),
    ],
    ids=["another site", "this machine after a site", "port", "site after this machine", "none", "many"],
)
async def test_first_pages_origin_decides_which_others_a_kernel_allows(
    relay: Setup, origins: list[object], allowed: set[str]
) -> None:
    for number, origin in enumerate(origins):
        relay.driver.receive({"type": "hello", "page": f"p{number}", "origin": origin})
    await relay.until(lambda: len(relay.events("config")) == len(origins))
    assert set(relay.hub.origins) == allowed


async def test_frames_pass_both_ways_unchanged(relay: Setup) -> None:
    pipe = await relay.open()
    relay.page("frame", conn="1", data='{"id":1}')
    await relay.until(lambda: pipe.sent == ['{"id":1}'])
    pipe.to_page.put_nowait('{"id":1,"connect":{}}')
    await relay.until(relay.frames)
    assert relay.frames() == [b'{"id":1,"connect":{}}']


async def test_a_broken_hub_socket_is_told_to_the_page_with_its_code_after_the_last_frame(
    relay: Setup,
) -> None:
    pipe = await relay.open()
    pipe.to_page.put_nowait("last")
    pipe.to_page.put_nowait(SocketClosedError(3012, "no pong"))
    await relay.until(lambda: relay.events("closed"))
    kinds = [event["type"] for content, _ in relay.messages for event in content["events"]]
    assert kinds[-2:] == ["frames", "closed"]
    closed = relay.events("closed")[0]
    assert (closed["code"], closed["reason"]) == (3012, "no pong")
    assert pipe.closed


async def test_a_hub_that_can_not_be_reached_closes_the_pages_connection(relay: Setup) -> None:
    await relay.open()
    relay.hub.refuses = OSError("connection refused")
    relay.page("open", conn="2")
    await relay.until(lambda: relay.events("closed"))
    assert relay.events("closed")[0]["reason"] == "connection refused"


async def test_a_connection_the_page_closed_ends_without_a_word(relay: Setup) -> None:
    pipe = await relay.open()
    relay.page("close", conn="1")
    await relay.until(lambda: pipe.closed)
    assert relay.events("closed") == []


async def test_a_frame_for_a_connection_that_is_not_there_is_answered_with_closed(relay: Setup) -> None:
    await relay.open()
    relay.page("frame", conn="9", data="{}")
    await relay.until(lambda: relay.events("closed"))
    assert relay.events("closed")[0]["conn"] == "9"


async def test_without_acknowledgements_the_hubs_socket_is_not_read_on(relay: Setup) -> None:
    pipe = await relay.open()
    sent = 0
    while relay.driver._bundles.may_read("p"):
        pipe.to_page.put_nowait("x")
        sent += 1
        await relay.until(lambda want=sent: pipe.reads == want)
        await relay.until(lambda: not relay.driver._bundles.waiting)
        assert sent <= MAX_UNACKED_BUNDLES
    for _ in range(5):
        pipe.to_page.put_nowait("y")
    await asyncio.sleep(0.02)
    # One read was under way when the credit ran out.
    assert pipe.reads <= sent + 1
    assert not pipe.closed
    relay.page("ack", seq=relay.messages[-1][0]["seq"])
    await relay.until(lambda: pipe.reads == sent + 5)


async def test_a_token_that_is_asked_for_again_is_a_new_one(relay: Setup) -> None:
    await relay.open()
    relay.driver._minted_at -= 5.0
    relay.page("token")
    await relay.until(lambda: relay.events("token"))
    assert relay.events("token")[0]["token"] == "t2"


async def test_a_refused_token_is_told_with_its_reason(relay: Setup) -> None:
    relay.hub.refuses = PermissionError("not the owner")
    relay.page("hello", origin="http://localhost:8888", base="/")
    await relay.until(lambda: relay.events("config"))
    assert relay.events("config")[0]["reason"] == "the hub gives no token: not the owner"
    assert "token" not in relay.events("config")[0]


async def test_tokens_of_pages_are_good_for_a_quarter_of_an_hour(relay: Setup) -> None:
    await relay.open()
    assert relay.hub.asked_ttl_s == [15 * 60]


async def test_tokens_are_pushed_again_at_half_their_life(relay: Setup) -> None:
    await relay.open()
    await relay.driver._tend()
    assert relay.events("token") == []
    relay.driver._minted_at -= relay_driver.TOKEN_TTL_S / 2 + 1
    await relay.driver._tend()
    await relay.until(lambda: relay.events("token"))
    assert relay.events("token")[0]["token"] == "t2"


async def test_a_hub_that_came_back_as_another_process_is_told_to_all_pages(relay: Setup) -> None:
    await relay.open()
    relay.hub.status("connected")
    await asyncio.sleep(0.01)
    assert len(relay.events("config")) == 1, "nothing has changed"
    # But the hub may have lost us for a while, and with us what we had allowed.
    assert relay.hub.origins == ["http://localhost:8888"] * 2
    relay.hub.status("disconnected: gone")
    await asyncio.sleep(0.01)
    relay.hub.origins.clear()
    relay.hub.hub_id, relay.hub.port = "h2", 8091
    relay.hub.status("connected")
    await relay.until(lambda: len(relay.events("config")) == 2)
    config = relay.events("config")[1]
    assert (config["hub_id"], config["port"], config["token"]) == ("h2", 8091, "t2")
    assert relay.hub.origins == ["http://localhost:8888"] * 2


async def test_a_page_that_says_bye_is_closed_at_once(relay: Setup) -> None:
    pipe = await relay.open()
    relay.page("bye")
    await relay.until(lambda: pipe.closed)


async def test_a_page_that_is_silent_too_long_is_closed_and_may_come_back(
    relay: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipe = await relay.open()
    now = relay.driver._now()
    monkeypatch.setattr(relay.driver, "_now", lambda: now + 61.0)
    await relay.driver._tend()
    await relay.until(lambda: pipe.closed)
    relay.page("frame", conn="1", data="{}")
    await relay.until(lambda: relay.events("closed"))
    relay.page("open", conn="2")
    await relay.until(lambda: len(relay.events("opened")) == 2)


async def test_a_closed_hub_object_ends_the_relay(relay: Setup) -> None:
    relay.hub.is_closed = True
    await relay.driver._tend()
    assert relay.ended == 1


@pytest.mark.parametrize(
    "content",
    [
        None,
        "text",
        {},
        {"type": "open"},
        {"type": "open", "page": 3, "conn": "1"},
        {"type": "open", "page": "p" * 65, "conn": "1"},
        {"type": "frame", "page": "p", "conn": "1", "data": 4},
        {"type": "ack", "page": "p", "seq": "x"},
        {"type": 5, "page": "p"},
        {"type": "shout", "page": "p"},
    ],
)
async def test_what_is_no_message_of_the_relay_changes_nothing(relay: Setup, content: object) -> None:
    relay.driver.receive(content)
    await asyncio.sleep(0)
    assert relay.hub.pipes == []
    pipe = await relay.open()
    assert not pipe.closed


async def test_many_frames_at_the_kernels_pace_are_few_messages() -> None:
    setup = Setup(Pace())
    pipe = await setup.open()
    before = len(setup.messages)
    for n in range(500):
        pipe.to_page.put_nowait(f"{n}")
        if n % 50 == 49:
            await asyncio.sleep(0.02)
    await setup.until(lambda: not setup.driver._bundles.waiting and pipe.reads == 500)
    assert b"\n".join(setup.frames()) == b"\n".join(b"%d" % n for n in range(500))
    assert len(setup.messages) - before <= 12
    setup.driver.close()
    await asyncio.sleep(0.01)


async def test_many_widgets_made_together_are_few_tokens_that_cover_all(relay: Setup) -> None:
    await relay.open()
    for number in range(50):
        relay.scope.add({f"stream:s{number}": SEE})
        await asyncio.sleep(0.01)
    wanted = {"stream:px", *(f"stream:s{number}" for number in range(50))}
    await relay.until(lambda: relay.events("token") and set(relay.events("token")[-1]["caps"]) == wanted)
    assert len(relay.hub.minted) <= 5


async def test_widget_that_needs_nothing_new_makes_no_token(relay: Setup) -> None:
    await relay.open()
    relay.scope.add({"stream:px": SEE})
    await asyncio.sleep(0.05)
    assert len(relay.hub.minted) == 1


async def test_what_only_closed_widgets_needed_is_not_in_the_next_token(relay: Setup) -> None:
    relay.scope.add({"table:orders": SEE})
    await relay.open()
    relay.scope.remove({"table:orders": SEE})
    relay.driver._minted_at -= relay_driver.TOKEN_TTL_S / 2 + 1
    await relay.driver._tend()
    assert relay.hub.minted == [{"table:orders": SEE, "stream:px": SEE}, {"stream:px": SEE}]


async def test_no_page_asks_for_more_than_the_widgets_need(relay: Setup) -> None:
    await relay.open()
    relay.driver._minted_at -= 5.0
    relay.page("token", caps={"*": ["subscribe", "publish"]}, token="x")
    await relay.until(lambda: relay.events("token"))
    assert relay.hub.minted[-1] == {"stream:px": SEE}
