"""One soak: a hub, a load, and a report."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass
from pathlib import Path

from ..client.hub_process import HubProcess
from .judge import MIB, WARM_UP, Growth, growth, growth_in_steps, held_bytes, read
from .load import CONFIG, Load
from .watched_hub import FIGURES

WATCHED = Path(__file__).with_name("watched_hub.py")
# Allowed after the warm-up.
MEMORY_PER_HOUR = 1.0 * MIB
COUNTED = ("tasks", "threads", "descriptors")


@dataclass(frozen=True)
class Report:
    """What a hub held after the warm-up.

    Args:
        held: Growth of what its allocators have given out, in bytes.
        resident: Growth of its resident memory.
        counts: Tasks, threads and descriptors in the first and in the last third; medians.
        cpu: Cores that the hub used.
        done: How often the load did what.
    """

    seconds: float
    held: Growth
    resident: Growth
    resident_bytes: float
    counts: dict[str, tuple[float, float]]
    cpu: float
    done: dict[str, int]

    @property
    def faults(self) -> list[str]:
        """What grows. Held memory has to be shown to grow by no more than is allowed; resident memory, which
        moves in steps, must not be shown to grow by more."""
        found = [f"{name} grow" for name, (first, last) in self.counts.items() if last > first + 1]
        if self.held.least > MEMORY_PER_HOUR or self.resident.least > MEMORY_PER_HOUR:
            found.append("memory grows")
        elif self.held.most > MEMORY_PER_HOUR:
            found.append("too short to tell whether memory grows")
        return found

    def text(self) -> str:
        """Return it for a person."""
        lines = [
            f"{self.seconds:.0f} s, the first {WARM_UP:.0%} of them warm-up; "
            f"the hub used {self.cpu:.1%} of a core"
        ]
        for name, found in (("held", self.held), ("resident", self.resident)):
            lines.append(f"{name} memory: {found.per_hour / MIB:+.2f} ± {found.error / MIB:.2f} MiB/h (95 %)")
        lines.append(f"resident memory at the end: {self.resident_bytes / MIB:.1f} MiB")
        lines += [f"{name}: {first:.0f}, then {last:.0f}" for name, (first, last) in self.counts.items()]
        lines.append("done: " + ", ".join(f"{name.strip('_')} {count}" for name, count in self.done.items()))
        return "\n".join([*lines, *(self.faults or ["flat"])]) + "\n"


def soak(folder: Path, seconds: float, script: Path = WATCHED) -> Report:
    """Load a hub steadily.

    Args:
        folder: Where its files go.
        script: The hub.
    """
    process = HubProcess(folder, CONFIG.format(archive=folder / "hub.db"), script=script)
    process.start()
    try:
        load = Load(process)
        started_at = time.monotonic()
        try:
            while time.monotonic() < started_at + seconds and not load.faults:
                time.sleep(0.2)
        finally:
            load.stop()
        assert load.faults == []
        found = read(folder / FIGURES, started_at)
    finally:
        process.kill()
    third = len(found["at"]) // 3
    return Report(
        seconds,
        growth(found["at"], held_bytes(found)),
        growth_in_steps(found["at"], found["resident_bytes"]),
        found["resident_bytes"][-1],
        {
            name: (statistics.median(found[name][:third]), statistics.median(found[name][-third:]))
            for name in COUNTED
        },
        (found["cpu_s"][-1] - found["cpu_s"][0]) / (found["at"][-1] - found["at"][0]),
        load.done,
    )
