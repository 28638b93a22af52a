"""Figures for Prometheus."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import PlainTextResponse

from ..core import Hub
from .archive_figures import ArchiveFigures


class Metrics:
    """Serve `/metrics` in Prometheus' text format. The gate asks for the key."""

    def __init__(self, hub: Hub, archive: ArchiveFigures | None) -> None:
        self._hub = hub
        self._archive = archive

    async def show(self, request: Request) -> PlainTextResponse:
        hub = self._hub
        lines = [
            "# HELP rtwidgets_connections WebSocket connections now.",
            "# TYPE rtwidgets_connections gauge",
            f"rtwidgets_connections {len(hub.connections)}",
            "# HELP rtwidgets_channels Channels now.",
            "# TYPE rtwidgets_channels gauge",
            f"rtwidgets_channels {len(hub.channels)}",
            "# HELP rtwidgets_history_bytes Bytes in all logs now.",
            "# TYPE rtwidgets_history_bytes gauge",
            f"rtwidgets_history_bytes {hub.budget.used}",
            "# HELP rtwidgets_refused_total What a limit refused, cut off or made wait, since the start.",
            "# TYPE rtwidgets_refused_total counter",
        ]
        # Only names of limits: nothing that a client says becomes a label.
        lines += [
            f'rtwidgets_refused_total{{limit="{name}"}} {hub.refused[name]}'
            for name in hub.rules.limits.__struct_fields__
        ]
        if self._archive is not None:
            lines += self._archive.lines(hub.archiving.waiting_bytes)
        return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")
