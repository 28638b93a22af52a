"""Figures for Prometheus."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from .exposition import MEDIA_TYPE, Family, exposed


class Metrics:
    """Serve `/metrics`. The gate asks for the key.

    Args:
        sources: Each gives the figures of one part of the hub, as they are now.
    """

    def __init__(self, *sources: Callable[[], Iterable[Family]]) -> None:
        self._sources = sources

    def families(self) -> list[Family]:
        """Return all figures as they are now."""
        return [family for source in self._sources for family in source()]

    async def show(self, request: Request) -> PlainTextResponse:
        return PlainTextResponse(exposed(self.families()), media_type=MEDIA_TYPE)
