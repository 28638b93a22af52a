"""A real PostgreSQL server of a test's own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from ..client.hub_process import free_port

# Servers do not run as root; Debian's package makes this user.
USER = "postgres"


def programs() -> Path | None:
    """Return where PostgreSQL's programs are, newest version first; None when it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: path.parts[-3])
    if found:
        return found[-1].parent
    path = shutil.which("postgres")
    return Path(path).parent if path is not None and shutil.which("initdb") else None


class PostgresServer:
    """A server on a free port of loopback, with a directory of its own.

    Not one of pytest's: those are for their user alone, and as root the server is another one.
    """

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._directory = Path(tempfile.mkdtemp(prefix="rtwidgets-postgres-"))
        self._data = self._directory / "data"
        self._log = self._directory / "postgres.log"
        self.port = free_port()
        self.url = f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"
        self._process: subprocess.Popen[bytes] | None = None
        self._as_other = os.getuid() == 0
        if self._as_other:
            shutil.chown(self._directory, USER, USER)
        self._run("initdb", "--pgdata", str(self._data), "--auth", "trust", "--username", USER, "--no-sync")

    def __enter__(self) -> PostgresServer:
        self.start()
        return self

    def __exit__(self, *fault: object) -> None:
        self.stop()
        shutil.rmtree(self._directory)

    def start(self) -> None:
        """Start it and wait until it answers."""
        # What the system has of a file outlives the server, and here nobody pulls the plug.
        settings = ("listen_addresses=127.0.0.1", f"port={self.port}", "max_connections=40", "fsync=off")
        options = [f"--{setting}" for setting in (*settings, f"unix_socket_directories={self._directory}")]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command("postgres", "-D", str(self._data), *options),
                stdout=log,
                stderr=log,
                cwd=self._directory,
            )
        deadline = time.monotonic() + 30
        while subprocess.run(
            [str(self._programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        ).returncode:
            assert time.monotonic() < deadline, self._log.read_text()
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Process id of the server itself, not of what started it."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def stop(self, how: int = signal.SIGINT) -> None:
        """End it: SIGINT ends its connections, SIGQUIT is a crash."""
        if self._process is not None:
            os.kill(self.pid, how)
            self._process.wait(30)
            self._process = None

    def sql(self, statement: str) -> str:
        """Run a statement and return what it prints."""
        where = ("-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-d", "postgres")
        done = subprocess.run(
            [str(self._programs / "psql"), *where, "-qAt", "-c", statement],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def _command(self, name: str, *arguments: str) -> list[str]:
        command = [str(self._programs / name), *arguments]
        return ["runuser", "-u", USER, "--", *command] if self._as_other else command

    def _run(self, name: str, *arguments: str) -> None:
        done = subprocess.run(
            self._command(name, *arguments), capture_output=True, text=True, cwd=self._directory
        )
        assert done.returncode == 0, done.stderr
