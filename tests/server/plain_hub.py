"""A hub on an ASGI server that knows nothing of our extension: `plain_hub.py CONFIG PORT`."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any, cast

from hypercorn.asyncio import serve
from hypercorn.config import Config

from rtwidgets.server.app import HubApp
from rtwidgets.server.settings import load


def main(config: str, port: str) -> None:
    settings = load(Path(config), os.environ, {"port": int(port)})
    server = Config()
    server.bind = [f"127.0.0.1:{port}"]
    server.websocket_max_message_size = settings.limits.max_message_bytes
    asyncio.run(serve(cast(Any, HubApp(settings, int(port)).asgi), server))


main(*sys.argv[1:])
