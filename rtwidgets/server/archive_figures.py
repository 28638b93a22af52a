"""What the archive, or the broker, does, in figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ..core.figures import SECONDS, Histogram
from .exposition import Family, histogram, one


class ArchiveFigures:
    """Counters since the start."""

    def __init__(self) -> None:
        self.loads = 0
        self.failed_loads = 0
        self.trimmed = 0
        self._commits = Histogram(SECONDS)
        self._failed_commits = 0
        self._publications = 0

    def commit(self, seconds: float, publications: int, *, failed: bool) -> None:
        """Count a commit: how long it took and what was in it."""
        self._commits.add(seconds)
        if failed:
            self._failed_commits += 1
        else:
            self._publications += publications

    def families(self, what: Literal["archive", "broker"], waiting_bytes: int) -> Iterator[Family]:
        """Yield the figures.

        Args:
            what: What keeps channels elsewhere.
        """
        yield histogram(f"rtwidgets_{what}_commit_seconds", "Time that commits took.", self._commits)
        for name, text, count in (
            ("publications", "Publications that were committed.", self._publications),
            ("failures", "Commits that failed.", self._failed_commits),
            ("loads", "Channels that were loaded, or could not be.", self.loads),
            ("load_failures", "Channels that could not be loaded.", self.failed_loads),
        ):
            yield one(f"rtwidgets_{what}_{name}_total", "counter", text, count)
        if what == "archive":
            trims = "Pieces of old publications that were removed."
            yield one("rtwidgets_archive_trims_total", "counter", trims, self.trimmed)
        waiting = "Publications that wait for a commit, in bytes."
        yield one(f"rtwidgets_{what}_waiting_bytes", "gauge", waiting, waiting_bytes)
