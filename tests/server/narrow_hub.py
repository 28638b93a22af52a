"""A hub that the system lets have few descriptors: `narrow_hub.py CONFIG PORT`."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

from rtwidgets.server import run
from rtwidgets.server.settings import load

resource.setrlimit(resource.RLIMIT_NOFILE, (200, 400))
config, port = sys.argv[1:]
run.serve(load(Path(config), os.environ, {"port": int(port)}), print)
