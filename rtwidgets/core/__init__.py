"""The rules of the hub: logs, kinds, cursors, presence, commands, rights.

Synchronous and without I/O: no clock, no socket, no task. Times, randomness and ids come in as arguments.
"""

from .connection import Connection
from .hub import Hub
from .rules import HubRules, Limits, Namespace

__all__ = ["Connection", "Hub", "HubRules", "Limits", "Namespace"]
