"""A hub with sessions for the tests of its own pages, and those pages in a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from rtwidgets.client.address import parse_address
from rtwidgets.client.hub import Hub
from rtwidgets.client.live_session import Session
from rtwidgets.client.outbox import DEFAULT_BUFFER_BYTES
from rtwidgets.client.sites import FixedSite

from ..client.hub_process import HubProcess, token

# Of an element that is described by elements without ids.
DESCRIPTION = "(el) => el.ariaDescribedByElements.map((other) => other.textContent).join(' ')"


class Desk:
    """A hub of its own, and its owner's connection, as a kernel would have it."""

    def __init__(self, directory: Path, config: str = "") -> None:
        directory.mkdir(exist_ok=True)
        self.process = HubProcess(directory, config)
        self.process.start()
        self.owner = self.connect()

    @property
    def url(self) -> str:
        return self.process.url

    def connect(self, user: str = "ann") -> Hub:
        site = FixedSite(parse_address(self.url), token(user))
        return Hub(site, name="test", buffer_bytes=DEFAULT_BUFFER_BYTES)

    def session(self, name: str, title: str | None = None, *, panels: bool = True) -> Session:
        """Make a session that shows a number and a slider."""
        session = self.owner.session(name, title=title)
        session.stream("px").append(price=1.25)
        session.value("limit", default=120)
        if panels:
            show(session)
        self.owner.flush()
        return session

    def close(self) -> None:
        self.owner.close(timeout_s=1)
        self.process.kill()


def show(session: Session, *, chat: bool = False) -> None:
    """Put a session's dashboard together: a number, a slider, and a chat where one is asked for."""
    specs: list[dict[str, Any]] = [
        {
            "kind": "metric",
            "channels": {"data": f"stream:{session.name}/px"},
            "options": {"column": "price", "title": "Last price"},
        },
        {
            "kind": "slider",
            "channels": {"value": f"value:{session.name}/limit"},
            "options": {"title": "Limit", "min": 0, "max": 500},
        },
    ]
    if chat:
        specs.append({"kind": "chat", "channels": {"chat": f"chat:{session.name}/desk"}, "options": {}})
    panels = [
        {"id": spec["kind"], "x": 0, "y": 4 * row, "w": 12, "h": 4, "spec": spec}
        for row, spec in enumerate(specs)
    ]
    session.value("dashboard").set({"title": session.title, "panels": panels})


class Visitor:
    """Somebody with a browser of their own; what goes wrong in it is kept."""

    def __init__(self, browser: Browser, **options: Any) -> None:
        self.context = browser.new_context(**options)
        self.context.set_default_timeout(15_000)
        self.faults: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Page:
        return self.watch(self.context.new_page())

    def watch(self, page: Page) -> Page:
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self._note(message.type, message.text))
        return page

    def _note(self, kind: str, text: str) -> None:
        # The browser says it too that the hub refuses or is away; neither is a fault of the page.
        expected = (
            "status of 4",
            "ERR_CONNECTION_REFUSED",
            "ERR_SOCKET_NOT_CONNECTED",
            "WebSocket connection to",
        )
        if kind == "error" and not any(words in text for words in expected):
            self.faults.append(text)

    def join(self, url: str, name: str) -> Page:
        """Open a link and come in."""
        self.page.goto(url)
        self.page.fill(".rtw-host__input", name)
        self.page.click(".rtw-host__join")
        expect(self.page.locator(".rtw-host__state")).to_have_text("live")
        return self.page

    def heading(self) -> str:
        """What stands in the middle of the page."""
        return self.page.locator(".rtw-host__heading").inner_text()

    def close(self) -> None:
        self.context.close()
        assert self.faults == [], self.faults


Visit = Callable[..., Visitor]
