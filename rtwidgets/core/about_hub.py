"""Channels in which the hub tells of itself, whatever the namespaces say."""

from __future__ import annotations

from .rules import Namespace

# What the hub publishes to see that it can. One that comes back is of no use any more.
PROBE = "event:rtwidgets.probe"

_RULES = {
    PROBE: Namespace(
        "event",
        history_size=1,
        history_ttl_s=60,
        recover=True,
        archive=True,
        archive_ttl_s=3_600,
        archive_size=1,
    ),
}


def rules_about_hub(name: str) -> Namespace | None:
    """Return the rules of a channel that tells of the hub; None for all others."""
    return _RULES.get(name)
