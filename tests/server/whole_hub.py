"""A hub without a bound for what a late joiner gets in one piece: `whole_hub.py CONFIG PORT`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rtwidgets.core import channel, recovery
from rtwidgets.server import run
from rtwidgets.server.settings import load

channel.PIECE_BYTES = recovery.REPLY_BYTES = 1 << 40
config, port = sys.argv[1:]
run.serve(load(Path(config), os.environ, {"port": int(port)}), print)
