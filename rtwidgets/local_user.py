"""Who runs this process, as the system knows them."""

from __future__ import annotations

import getpass
import os


def local_user() -> str:
    """Return the name of the user; the number of one without a name, as in some containers."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
