"""The README's Python runs, from top to bottom, against a real hub."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

# What runs after the blocks, in their process: the feed has published, the command has answered.
AFTER = """
import os, signal
from rtwidgets import connection_file
deadline = time.monotonic() + 20
while len(hub.stream("prices").to_frame()) < 5:
    assert time.monotonic() < deadline, feed.status
    time.sleep(0.05)
assert hub.call("halt", symbol="ACME", reason="Test.") == "ACME halted. Test."
assert orders.rows() == [{"id": 7, "symbol": "ACME", "status": "filled"}]
assert limit.get() == 100
hub_pid = connection_file.read().pid
hub.close()
os.kill(hub_pid, signal.SIGTERM)
print("reached the end")
"""


def test_python_blocks_run_and_data_flows(tmp_path: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) >= 3
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RTWIDGETS_")}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*blocks, AFTER])],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        cwd=tmp_path,
        env={**environment, "RTWIDGETS_RUNTIME_DIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "reached the end"


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()
