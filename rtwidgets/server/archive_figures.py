"""What the archive does, in figures for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

# Upper bounds in seconds.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class ArchiveFigures:
    """Counters since the start."""

    def __init__(self) -> None:
        self.loads = 0
        self.failed_loads = 0
        self.trimmed = 0
        self._commits = 0
        self._failed_commits = 0
        self._publications = 0
        self._seconds = 0.0
        self._within = [0] * len(BUCKETS)

    def commit(self, seconds: float, publications: int, *, failed: bool) -> None:
        """Count a commit: how long it took and what was in it."""
        self._commits += 1
        self._seconds += seconds
        self._within = [n + (seconds <= bound) for n, bound in zip(self._within, BUCKETS, strict=True)]
        if failed:
            self._failed_commits += 1
        else:
            self._publications += publications

    def lines(self, waiting_bytes: int) -> Iterator[str]:
        """Yield the figures in Prometheus' text format."""
        name = "rtwidgets_archive_commit_seconds"
        yield f"# HELP {name} Time that commits took."
        yield f"# TYPE {name} histogram"
        for bound, count in zip(BUCKETS, self._within, strict=True):
            yield f'{name}_bucket{{le="{bound:g}"}} {count}'
        yield f'{name}_bucket{{le="+Inf"}} {self._commits}'
        yield f"{name}_sum {self._seconds:.6f}"
        yield f"{name}_count {self._commits}"
        for metric, text, count in (
            ("publications", "Publications that were committed.", self._publications),
            ("failures", "Commits that failed.", self._failed_commits),
            ("loads", "Channels that were loaded.", self.loads),
            ("load_failures", "Channels that could not be loaded.", self.failed_loads),
            ("trims", "Pieces of old publications that were removed.", self.trimmed),
        ):
            yield f"# HELP rtwidgets_archive_{metric}_total {text}"
            yield f"# TYPE rtwidgets_archive_{metric}_total counter"
            yield f"rtwidgets_archive_{metric}_total {count}"
        yield "# HELP rtwidgets_archive_waiting_bytes Publications that wait for a commit."
        yield "# TYPE rtwidgets_archive_waiting_bytes gauge"
        yield f"rtwidgets_archive_waiting_bytes {waiting_bytes}"
