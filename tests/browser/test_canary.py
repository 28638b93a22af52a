"""What a page asks for, shows and logs holds no token, and the search for it would find one."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, WebSocket

from ..canary import Canaries
from .lab import Lab, open_notebook, run_all
from .test_page_token import JWT, WIDGETS
from .watch import wait_for_transport

CARELESS = """(token) => {
    console.log("connecting with", token);
    document.querySelector(".rtw-slider").title = token;
    return fetch(`/api/status?token=${token}`).then(() => null);
}"""


class Watched:
    """All that a page lets out."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.urls: list[str] = []
        self.console: list[str] = []
        self.frames: list[str] = []
        page.on("request", lambda request: self.urls.append(request.url))
        page.on("console", lambda message: self.console.append(message.text))
        page.on("pageerror", lambda error: self.console.append(str(error)))
        page.on("websocket", self._follow)

    def _follow(self, socket: WebSocket) -> None:
        self.urls.append(socket.url)
        for direction in ("framesent", "framereceived"):
            # Kernel messages are binary.
            socket.on(
                direction, lambda data: self.frames.append(data if isinstance(data, str) else repr(data))
            )

    def sinks(self) -> dict[str, str]:
        return {
            "urls": "\n".join(self.urls),
            "console": "\n".join(self.console),
            "page": self._page.content(),
        }


@pytest.mark.timeout(150)
def test_page_lets_no_token_out(lab: Lab, page: Page) -> None:
    watched = Watched(page)
    lab.write_notebook("canary.ipynb", *WIDGETS)
    open_notebook(page, lab, "canary.ipynb")
    run_all(page)
    wait_for_transport(page, "direct")
    owner, frames = lab.hub_file()["token"], "\n".join(watched.frames)
    # The page's token goes where it has to: over the kernel's socket to the page, and from there to the hub.
    held = {token for token in JWT.findall(frames) if token != owner}
    assert held
    assert Canaries(owner=owner).found_in(frames) == ["some token"], "the owner's token stays in the kernel"
    assert any("/connection/websocket" in url for url in watched.urls)
    canaries = Canaries(owner=owner, **{f"held {n}": token for n, token in enumerate(held)})
    for name, text in watched.sinks().items():
        assert canaries.found_in(text) == [], name
    logs = {
        path.name: path.read_bytes()
        for path in (lab.directory / "lab.log", lab.runtime / "rtwidgets-hub.log")
    }
    for name, log in logs.items():
        assert canaries.found_in(log) == [], name
    page.evaluate(CARELESS, owner)
    for name, text in watched.sinks().items():
        assert "owner" in canaries.found_in(text), name
