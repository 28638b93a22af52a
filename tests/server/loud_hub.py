"""A hub that says all it can: `loud_hub.py CONFIG PORT`.

Every logger is at its lowest level, uvicorn traces each request, and what is done at `event:broken` fails.
With RTWIDGETS_PLANT=log somebody has left a line in that logs tokens.
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

import uvicorn

from rtwidgets.core import Connection, Hub
from rtwidgets.core.capabilities import Credentials
from rtwidgets.core.rules import Verb
from rtwidgets.core.tokens import Tokens
from rtwidgets.server import run
from rtwidgets.server.settings import load

logging.basicConfig(level=logging.DEBUG)

channel_for = Hub.channel_for
credentials = Tokens.credentials


class LoudConfig(uvicorn.Config):
    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **{**options, "log_level": "trace", "access_log": True, "log_config": None})


def breaking(self: Hub, connection: Connection, name: str, verb: Verb | None) -> Any:
    if name == "event:broken":
        raise RuntimeError("a fault of ours")
    return channel_for(self, connection, name, verb)


def telling(self: Tokens, token: str, now: float) -> Credentials:
    logging.getLogger("rtwidgets.hub").debug("checking %s", token)
    return credentials(self, token, now)


uvicorn.Config = LoudConfig  # type: ignore[misc, assignment]
Hub.channel_for = breaking  # type: ignore[method-assign]
if os.environ.get("RTWIDGETS_PLANT") == "log":
    Tokens.credentials = telling  # type: ignore[method-assign]
config, port = sys.argv[1:]
settings = load(Path(config), {}, {"port": int(port)})
logging.info("%s %s", settings, settings.auth)
run.serve(settings, logging.info)
