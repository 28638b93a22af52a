"""`make soak`: a steady load on a real hub, and what it grew by.

SOAK_S is for how many seconds: 1,200, or 9,000 with LONG=1.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from .run import Report, soak

LONG = os.environ.get("LONG") == "1"


def main() -> int:
    seconds = float(os.environ.get("SOAK_S", "9000" if LONG else "1200"))
    with tempfile.TemporaryDirectory(prefix="rtwidgets-soak-") as folder:
        report: Report = soak(Path(folder), seconds)
    sys.stdout.write(report.text())
    return 0 if not report.faults else 1


sys.exit(main())
