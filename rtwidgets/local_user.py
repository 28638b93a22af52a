"""Who runs this process, as the system knows them."""

from __future__ import annotations

import getpass
import os


def local_user() -> str:
    """Return the name of the user; of one that the system has no name for, as in some containers, the number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
