"""Channels in which the hub tells of itself, whatever the namespaces say.

Those of the scope ``rtwidgets.hub`` are like a session's: a dashboard, and what it shows. They tell of
everybody, so a right on them has to name that scope: a star alone does not reach them (see
`capabilities.matches`).
"""

from __future__ import annotations

from .capabilities import Caps
from .patterns import HUB_MARK
from .roles import caps_of_session
from .rules import Namespace

# What the hub publishes to see that it can. One that comes back is of no use any more.
PROBE = "event:rtwidgets.probe"

SCOPE = "rtwidgets.hub"
DASHBOARD = f"value:{SCOPE}/dashboard"
RATES = f"stream:{SCOPE}/rates"
CONNECTIONS = f"table:{SCOPE}/connections"
CHANNELS = f"table:{SCOPE}/channels"
# What an admin's page may do: look.
ADMIN_CAPS: Caps = caps_of_session("viewer", SCOPE)

# Whom it signs in. A name with a # stands in no channel's list of users: so none of a user's own channels, of
# notices for one, is an admin's, whatever other users are called.
ADMIN_USER = "admin#link"

# How far back the rates of an open page reach.
RATES_KEPT_S = 900

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
    DASHBOARD: Namespace("value", history_size=1, recover=True),
    RATES: Namespace("stream", history_size=RATES_KEPT_S, history_ttl_s=RATES_KEPT_S, recover=True),
    CONNECTIONS: Namespace("table", history_size=10, recover=True),
    CHANNELS: Namespace("table", history_size=10, recover=True),
}
# The key columns of the tables.
KEYS = {CONNECTIONS: "client", CHANNELS: "channel"}


def is_about_hub(name: str) -> bool:
    """Say whether a channel is of the scope in which the hub tells of itself."""
    return HUB_MARK in name


def rules_about_hub(name: str) -> Namespace | None:
    """Return the rules of a channel that tells of the hub; None for all others."""
    return _RULES.get(name)
