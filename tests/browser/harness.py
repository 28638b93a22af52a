"""The page that shows widgets without Jupyter, on a pretend hub: js/test/harness."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from tempfile import TemporaryDirectory

from hatch_build import find_node

from ..client.hub_process import ROOT

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'"
)


class Pages(SimpleHTTPRequestHandler):
    """The built pages; with the policy unless the address says otherwise."""

    def end_headers(self) -> None:
        if "careless" not in self.path:
            self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def served() -> Iterator[str]:
    """Build the pages and serve them; the address has no slash at its end."""
    with TemporaryDirectory(prefix="rtwidgets-harness-") as directory:
        command = [find_node()[0], "test/harness/build.mjs", "--out", directory]
        subprocess.run(command, cwd=ROOT / "js", check=True, timeout=120)
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Pages, directory=directory))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()
