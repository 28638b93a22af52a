"""One self-contained file that shows widgets as they are now, without a server."""

from __future__ import annotations

import base64
import hashlib
import html
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from ..client.address import Address
from ..client.invitation import parse_link
from ..client.share import Share
from ..errors import ClosedError
from .front_end import front_end
from .pictures import take_pictures

if TYPE_CHECKING:
    from ..client.hub import Hub
    from .base import LiveWidget

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
</head>
<body>
<noscript>This file shows live widgets as they were saved, and needs JavaScript.</noscript>
<script type="application/json" id="rtwidgets-file">{contents}</script>
<script>{script}</script>
</body>
</html>
"""
# Inside a script element JSON may hold none of these: what ends an element or a line of JavaScript.
_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def save_html(
    path: str | os.PathLike[str],
    widgets: LiveWidget | Sequence[LiveWidget],
    *,
    title: str | None = None,
    invite: Share | str | None = None,
) -> Path:
    """Save widgets as one HTML file that shows what they show now, with its age, without a server.

    The kernel takes the data from the hub; no page need be open. Nothing in the file opens the hub, unless it
    was saved with an invite.

    Args:
        path: Where it goes, such as ``"desk.html"``; a file of that name is replaced.
        widgets: One widget or several of one hub, from top to bottom.
        title: Above them; None takes the first widget's title.
        invite: What ``session.share()`` made. Whoever has the file then has its link: the file leads to the
            session, and is live in its own place where it is served from an origin that the hub allows.

    Returns:
        The path of the file.

    Raises:
        ClosedError: If a widget was closed.
        HubUnreachableError: If the hub does not answer.
        ReplyTimeoutError: If the state of the channels did not come in time.
        TypeError: If something is no widget.
        ValueError: If there are no widgets, they are of several hubs, or the invite is none.
        OSError: If the file can't be written.
    """
    shown = _checked(widgets)
    hub = shown[0]._hub
    live = _live(hub, shown, invite)
    taken_at = time.time()
    pictures = take_pictures(hub, [widget.spec for widget in shown])
    contents = {
        "title": title or _title(shown[0].spec, pictures[0]),
        "at_ms": round(taken_at * 1000),
        "hub": live,
        "widgets": [
            {"spec": {name: part for name, part in widget.spec.items() if name != "hub"}, "feeds": feeds}
            for widget, feeds in zip(shown, pictures, strict=True)
        ],
    }
    return _write(Path(path), _page(contents))


def _checked(widgets: LiveWidget | Sequence[LiveWidget]) -> list[LiveWidget]:
    from .base import LiveWidget

    shown = [widgets] if isinstance(widgets, LiveWidget) else list(widgets)
    for widget in shown:
        if not isinstance(widget, LiveWidget):
            raise TypeError(
                f"save_html takes widgets such as rt.LiveChart(...), not a {type(widget).__name__}"
            )
        if widget.comm is None:
            raise ClosedError(f"{widget!r} was closed: make it again to save it")
    if not shown:
        raise ValueError("save_html needs at least one widget")
    if len({id(widget._hub) for widget in shown}) > 1:
        raise ValueError("the widgets are of several hubs: save those of each hub in a file of their own")
    return shown


def _live(hub: Hub, widgets: Sequence[LiveWidget], invite: Share | str | None) -> dict[str, str] | None:
    """Return where the widgets are live: the session that the invite is for, or that all of them are of."""
    if invite is not None:
        link = invite.url if isinstance(invite, Share) else invite
        invitation = parse_link(link) if isinstance(link, str) else None
        session = link.partition("#")[0].rpartition("/s/")[2] if isinstance(link, str) else ""
        if invitation is None or not session or "/" in session:
            raise ValueError("invite must be what session.share() made, or its url")
        return {**_where(invitation.address), "session": session, "invite": invitation.invite}
    channels = [name.partition(":")[2] for widget in widgets for name in widget.spec["channels"].values()]
    sessions = {name.partition("/")[0] for name in channels}
    session = sessions.pop() if len(sessions) == 1 else ""
    return {**_where(hub._endpoint().address), "session": session} if session in hub._sessions else None


def _where(address: Address) -> dict[str, str]:
    return {"base": f"{address.base}/"}


def _title(spec: dict[str, Any], feeds: dict[str, Any]) -> str:
    layout = feeds.get("layout", {}).get("value")
    chosen = (layout.get("title") if isinstance(layout, dict) else None) or spec["options"].get("title")
    channel = next(iter(spec["channels"].values()), "")
    return str(chosen or channel.partition(":")[2] or channel)


def _page(contents: dict[str, Any]) -> str:
    script = front_end("export.js").read_text(encoding="utf-8")
    return _PAGE.format(
        policy=html.escape(_policy(script, contents["hub"])),
        title=html.escape(contents["title"]),
        contents=msgspec.json.encode(contents).decode().translate(_ESCAPES),
        script=script,
    )


def _policy(script: str, live: dict[str, str] | None) -> str:
    """Return the file's own rules: this script and no other, and no address but the hub's."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    hub = "'none'"
    if live is not None and "invite" in live:
        origin = "/".join(live["base"].split("/")[:3])
        hub = f"{origin} ws{origin.removeprefix('http')}"
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; connect-src {hub}; "
        "base-uri 'none'; form-action 'none'"
    )


def _write(path: Path, text: str) -> Path:
    """Put the whole file in its place at once: who reads it meanwhile has the old one."""
    path = path.expanduser()
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return path
