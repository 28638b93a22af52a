"""Debian's nginx with the file of deploy/, with a test's own ports and certificate in it."""

from __future__ import annotations

import http.client
import socket
import ssl
import subprocess
import time
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import trustme
from websockets.sync.client import connect
from websockets.typing import Origin

from ..client.hub_process import ROOT, free_port
from ..server.sockets import Line

NAME = "hub.example.org"
ORIGIN = f"https://{NAME}"
# What a hub is told that stands behind it.
BEHIND = f'[hub]\npublic_url = "{ORIGIN}"\ntrusted_proxies = ["127.0.0.1"]\n'
FILE = ROOT / "deploy/nginx/rtwidgets.conf"
SECOND = "# server 127.0.0.1:8091"


class Certificates:
    """A certificate for localhost and the hub's name, its key, and the CA that signed it, as PEM files."""

    def __init__(
        self, directory: Path, not_before: datetime | None = None, not_after: datetime | None = None
    ) -> None:
        authority = trustme.CA()
        issued = authority.issue_cert("localhost", NAME, not_before=not_before, not_after=not_after)
        self.ca, self.chain, self.key = (directory / name for name in ("ca.pem", "hub.pem", "hub.key"))
        authority.cert_pem.write_to_path(self.ca)
        self.chain.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(self.key)

    def trusting(self) -> ssl.SSLContext:
        """Return the context of a synchronous client that knows the CA.

        `websockets.sync` reads and writes one TLS connection in two threads. TLS 1.3 sends tickets after the
        handshake, and reading one while the other thread writes can stop both for ever.
        """
        context = ssl.create_default_context(cafile=str(self.ca))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        return context


class Front:
    """nginx with the file of deploy/, for one or two hubs.

    Args:
        more: Other places in the file, and what stands there in this test.
    """

    def __init__(
        self,
        program: str,
        directory: Path,
        certificates: Certificates,
        hubs: list[int],
        more: dict[str, str] | None = None,
        *,
        port: int | None = None,
    ) -> None:
        self.port, self.plain_port = port or free_port(), free_port()
        self.certificates = certificates
        text = FILE.read_text()
        changes = {
            "listen 443 ssl": f"listen 127.0.0.1:{self.port} ssl",
            "listen 80": f"listen 127.0.0.1:{self.plain_port}",
            f"/etc/ssl/{NAME}.pem;": f"{certificates.chain};",
            f"/etc/ssl/private/{NAME}.key;": f"{certificates.key};",
            "server 127.0.0.1:8090": f"server 127.0.0.1:{hubs[0]}",
            **({SECOND: f"server 127.0.0.1:{hubs[1]}"} if len(hubs) > 1 else {}),
            **(more or {}),
        }
        for old, new in changes.items():
            assert old in text, old
            text = text.replace(old, new)
        folder = directory / "nginx"
        folder.mkdir()
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};\n"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        file = folder / "nginx.conf"
        file.write_text(
            f"daemon off; pid {folder}/nginx.pid; error_log stderr;\nevents {{ worker_connections 4096; }}\n"
            f"http {{\naccess_log off;\n{temporary}{text}}}\n"
        )
        self._log = folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen([program, "-p", str(folder), "-c", str(file)], stderr=log)
        deadline = time.monotonic() + 10
        while True:
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", self.port), 5):
                return
            assert self._process.poll() is None and time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    def open(
        self, origin: str | None = ORIGIN, source: str = "127.0.0.1", name: str = NAME, **headers: str
    ) -> Line:
        """Open a WebSocket from an address of this machine, through TLS."""
        plain = socket.create_connection(("127.0.0.1", self.port), 5, (source, 0))
        return Line(
            connect(
                f"wss://{name}/connection/websocket",
                sock=plain,
                ssl=self.certificates.trusting(),
                origin=None if origin is None else Origin(origin),
                additional_headers={name.replace("_", "-"): text for name, text in headers.items()},
                max_size=None,
                compression=None,
            ).__enter__()
        )

    def get(self, path: str, name: str = NAME) -> tuple[int, dict[str, str], bytes]:
        """Ask for something through TLS."""
        connection = http.client.HTTPSConnection(
            "localhost", self.port, timeout=10, context=self.certificates.trusting()
        )
        connection.request("GET", path, headers={"Host": name})
        answer = connection.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        connection.close()
        return found

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(10)
