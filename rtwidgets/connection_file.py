"""The connection file: where the user's local hub is and how to speak to it.

One small JSON file in Jupyter's runtime directory, readable by its owner only. The local hub writes it
when it is ready to answer and removes it when it ends; clients read it.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .errors import ConfigError

FILE_NAME = "rtwidgets-hub.json"


@dataclass(frozen=True, slots=True)
class ConnectionFile:
    """What the file says.

    Args:
        url: The hub's address, ``"http://127.0.0.1:PORT"``.
        token: The owner's token; never shown in a repr.
        pid: Process id of the hub.
        hub: The hub's id, as ``/health`` and the connect reply state it.
    """

    url: str
    token: str = field(repr=False)
    pid: int
    hub: str

    def proof(self, nonce: str) -> str:
        """Return what only who knows the token can answer to a number used once, for this address alone."""
        text = f"rtwidgets local hub {self.url} {nonce}"
        return hmac.new(self.token.encode(), text.encode(), hashlib.sha256).hexdigest()


def runtime_dir() -> Path:
    """Return ``RTWIDGETS_RUNTIME_DIR``, else Jupyter's runtime directory."""
    named = os.environ.get("RTWIDGETS_RUNTIME_DIR")
    if named:
        return Path(named).expanduser()
    from jupyter_core.paths import jupyter_runtime_dir

    return Path(jupyter_runtime_dir())


def private_dir() -> Path:
    """Return the runtime directory, made and made private where need be.

    Raises:
        ConfigError: If it is another user's, or others can write to it, or it can't be private.
    """
    directory = runtime_dir()
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid"):
            status = directory.stat()
            if status.st_uid != os.getuid():
                raise ConfigError(
                    f"the runtime directory {directory} belongs to another user; set RTWIDGETS_RUNTIME_DIR"
                )
            if status.st_mode & 0o022:
                raise ConfigError(
                    f"others can write to the runtime directory {directory}: chmod 700 it, or set "
                    "RTWIDGETS_RUNTIME_DIR to one of your own"
                )
            if status.st_mode & 0o055:
                directory.chmod(0o700)
                if directory.stat().st_mode & 0o077:  # a file system that keeps no modes
                    raise ConfigError(
                        f"the runtime directory {directory} stays open to others: set RTWIDGETS_RUNTIME_DIR "
                        "to one on a file system that keeps permissions"
                    )
    except OSError as error:
        raise ConfigError(
            f"the runtime directory {directory} can't be made private: {error.strerror}; "
            "set RTWIDGETS_RUNTIME_DIR to a directory of yours"
        ) from None
    return directory


def open_own(path: Path, flags: int) -> int:
    """Open a file of ours and no other: where others can write, a name may be their link to what is ours.

    Raises:
        OSError: If there is none, or it is a link, no regular file, or another user's.
    """
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # a pipe would keep us waiting
    file = os.open(path, flags, 0o600)
    status = os.fstat(file)
    if not stat.S_ISREG(status.st_mode) or (hasattr(os, "getuid") and status.st_uid != os.getuid()):
        os.close(file)
        raise OSError(errno.EPERM, "it is no file of yours")
    return file


def path() -> Path:
    """Return where the file is, or would be."""
    return runtime_dir() / FILE_NAME


def read() -> ConnectionFile | None:
    """Return what the file says, or None when it is missing, unreadable, another user's or open to others.

    A file that another user can write is not trusted: who names our hub would receive all that we publish.
    """
    try:
        with os.fdopen(open_own(path(), os.O_RDONLY), "rb") as file:
            if hasattr(os, "getuid") and os.fstat(file.fileno()).st_mode & 0o022:
                return None
            found = json.load(file)
        return ConnectionFile(
            url=str(found["url"]), token=str(found["token"]), pid=int(found["pid"]), hub=str(found["hub"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write(connection: ConnectionFile) -> Path:
    """Write the file in one step, mode 0600, in a directory of mode 0700, and return its path."""
    target = path()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{FILE_NAME}.", dir=target.parent)  # mkstemp makes 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(asdict(connection), file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return target


def remove(mine: ConnectionFile) -> bool:
    """Remove the file if it still names this hub, and say whether it did."""
    found = read()
    if found is None or (found.hub, found.pid) != (mine.hub, mine.pid):
        return False
    path().unlink(missing_ok=True)
    return True
