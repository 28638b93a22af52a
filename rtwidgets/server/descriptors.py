"""How many connections this process may have: each takes a descriptor, and so do its files."""

from __future__ import annotations

import math
import sys

# Connections that are accepted at one go. Up to four times as many are open before the first is counted.
ACCEPTED_AT_ONCE = 32
# For these, and for files, brokers and archives.
RESERVE = 4 * ACCEPTED_AT_ONCE + 128
# More than one process serves.
ENOUGH = 65_536


def claim_descriptors() -> float:
    """Raise the soft limit of descriptors as far as the system lets us; return how many may be connections.

    Without a bound of its own `accept` would fail at the limit, thousands of times a second, and so would
    whatever else needs a file.
    """
    if sys.platform == "win32":
        return math.inf
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(hard, ENOUGH)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # some systems have a lower bound beside the hard limit
            wanted = soft
        soft = wanted
    return math.inf if soft == resource.RLIM_INFINITY else max(soft - RESERVE, soft // 2)
