"""What a browser shows of a request that was refused: a page that needs nothing else, from nowhere."""

from __future__ import annotations

import base64
import hashlib
from html import escape

_STYLE = (
    ":root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center}"
    "main{max-width:26rem;padding:1.5rem}h1{font-size:1.25rem;margin:0 0 .5rem}p{margin:0;opacity:.8}"
)
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
# As strict as for every other refusal, but for this one style.
REFUSAL_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{style}</style>
</head>
<body><main><h1>{title}</h1><p>{text}</p></main></body>
</html>
"""
_NO_PAGE = (
    "This address leads to nothing that can be shown. The page of a session has a link of its own: ask its "
    "owner for it. Programs that use this address give the hub's API key."
)


def refusal_page(status: int, message: str) -> str:
    """Return the page for a status and its reason.

    It is the same for all that is shut, whether it exists or not.
    """
    title, text = "The hub refuses this request", f"{message[:1].upper()}{message[1:]}."
    if status == 401:
        title, text = "There is no page here", _NO_PAGE
    return _PAGE.format(title=escape(title), text=escape(text), style=_STYLE)
