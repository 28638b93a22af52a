"""Commands: who serves them, the calls under way, what became of them."""

from .messages import CommandSpec, Failure
from .router import Commands

__all__ = ["CommandSpec", "Commands", "Failure"]
