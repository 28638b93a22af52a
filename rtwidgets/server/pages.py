"""The hub's own pages, and the files that they are made of.

A page is the same for everybody: who is who comes from a link's fragment, which a browser sends to nobody,
and what there is to see comes over the WebSocket. All addresses are relative, so that it works behind any
prefix.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

LOBBY = "/"
SESSION = "/s/{session}"
ADMIN = "/admin"
CHAT_EXAMPLE = "/examples/chat"
STATIC = "/static/{file}"
# The same as the gate writes them.
PAGES = (LOBBY, "/s/*", ADMIN, CHAT_EXAMPLE)
STATIC_FILES = "/static/*"

_FOLDER = Path(__file__).resolve().parent.parent / "widgets" / "static"
_TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
# Nothing but what the hub itself serves, and nothing within the page's text.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="{up}static/icon.svg">
<link rel="stylesheet" href="{up}static/{script}.css">
<script type="module" src="{up}static/{script}.js"></script>
</head>
<body data-page="{page}">
<noscript>This page shows live data and needs JavaScript.</noscript>
{body}</body>
</html>
"""
_CHAT = """<main>
<h1>Chat example</h1>
<p>Open this page <a href="chat" target="_blank" rel="opener">in another tab</a> and write: all tabs have it
at once. It is <a href="../static/chat_example_source.js">this plain JavaScript</a> with the protocol's
official client.</p>
<ol id="messages" aria-live="polite" aria-label="Messages"></ol>
<form id="name" hidden><input name="name" aria-label="Your name" placeholder="Your name" maxlength="40" \
autocomplete="name"><button>Join</button></form>
<form id="say" hidden><input name="text" aria-label="Message" placeholder="Message" maxlength="4000" \
autocomplete="off"><button>Send</button></form>
<p id="state" role="status"></p>
</main>
"""


@dataclass(frozen=True)
class _File:
    """One file in memory, as it is sent."""

    plain: bytes
    packed: bytes
    tag: str
    media_type: str


class Pages:
    """Serve the pages and their files; each is read once."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}
        self.routes = [
            Route(LOBBY, self._page("lobby", "Sessions", "host", "")),
            Route(SESSION, self._page("session", "Session", "host", "../")),
            Route(ADMIN, self._page("admin", "Hub", "host", "")),
            Route(CHAT_EXAMPLE, self._page("chat", "Chat example", "chat_example", "../", _CHAT)),
            Route(STATIC, self._static),
        ]

    def _page(
        self, page: str, title: str, script: str, up: str, body: str = ""
    ) -> Callable[[Request], Awaitable[Response]]:
        html = _PAGE.format(page=page, title=title, script=script, up=up, body=body)

        async def show(request: Request) -> Response:
            if self._read(f"{script}.js") is None:
                return PlainTextResponse(
                    "the front end is not built: run `make setup` in the repository", 503
                )
            headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"}
            return Response(html, media_type="text/html", headers=headers)

        return show

    async def _static(self, request: Request) -> Response:
        file = self._read(request.path_params["file"])
        if file is None:
            return PlainTextResponse("there is no such file", 404)
        # Asked for at each use and mostly not sent again: a hub of another version has other files.
        headers = {"ETag": file.tag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Response(
                file.packed, media_type=file.media_type, headers={**headers, "Content-Encoding": "gzip"}
            )
        return Response(file.plain, media_type=file.media_type, headers=headers)

    def _read(self, name: str) -> _File | None:
        known = self._files.get(name)
        if known is not None:
            return known
        path = _FOLDER / name
        media_type = _TYPES.get(path.suffix)
        # The name is one segment of a path: it can't lead out of the folder.
        if media_type is None or path.parent != _FOLDER:
            return None
        try:
            plain = path.read_bytes()
        except (OSError, ValueError):  # there is none, or no file can have that name
            return None
        tag = f'"{hashlib.sha256(plain).hexdigest()[:16]}"'
        file = self._files[name] = _File(plain, gzip.compress(plain, mtime=0), tag, media_type)
        return file
