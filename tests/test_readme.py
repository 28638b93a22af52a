"""The Python of the README and of pages for analysts runs, from top to bottom, against a real hub."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .client.hub_process import free_port

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

# What runs after the blocks, in their process: the feed has published, the command has answered.
AFTER = """
deadline = time.monotonic() + 20
while len(hub.stream("prices").to_frame()) < 5:
    assert time.monotonic() < deadline, feed.status
    time.sleep(0.05)
assert hub.call("halt", symbol="ACME", reason="Test.") == "ACME halted. Test."
assert orders.rows() == [{"id": 7, "symbol": "ACME", "status": "filled"}]
assert limit.get() == 100
"""


# What else runs after a page's blocks.
PAGES = {
    "commands": """
assert (first, again) == ("ACME halted (both).",) * 2
assert call.state == "cancelled"
whats = [entry.data["what"] for entry in session.event("rtwidgets.audit").history(10)]
assert whats == ["started", "done"], whats
""",
    "controls": """
hub.flush()
assert turn.get() == {"desk": "New York"}
assert limit.get() == 120 and by.name
""",
    "sessions": """
names = [panel.id for panel in dashboard.layout]
assert sorted(names) == ["button", "chart", "chat", "form", "metric", "metric-2", "slider"], names
assert [member.role for member in session.members()] == ["owner"]
""",
}
END = """
import os, signal
from rtwidgets import connection_file
hub_pid = connection_file.read().pid
hub.close()
os.kill(hub_pid, signal.SIGTERM)
print("reached the end")
"""


def run_blocks(text: str, after: str, directory: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) >= 3
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RTWIDGETS_")}
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*blocks, after, END])],
        capture_output=True,
        text=True,
        check=False,
        timeout=50,
        cwd=directory,
        env={**environment, "RTWIDGETS_RUNTIME_DIR": str(directory)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "reached the end"


def test_python_blocks_run_and_data_flows(tmp_path: Path) -> None:
    run_blocks(README, AFTER, tmp_path)


@pytest.mark.parametrize("page", sorted(PAGES))
def test_python_of_a_page_runs(page: str, tmp_path: Path) -> None:
    run_blocks((ROOT / f"docs/{page}.md").read_text(encoding="utf-8"), PAGES[page], tmp_path)


def test_commands_to_serve_others_work_as_they_are_written(tmp_path: Path) -> None:
    port = free_port()
    block = next(block for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL) if "hub.toml" in block)
    to_serve, to_join = block.replace("8090", str(port)).split("# in another terminal", 1)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RTWIDGETS_")}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"

    def run(text: str) -> subprocess.Popen[str]:
        # The last command takes the shell's place, so that it is what is ended.
        head, _, last = text.strip().rpartition("rtwidgets-hub")
        return subprocess.Popen(
            ["bash", "-ec", f"{head.removesuffix('&& ')}\nexec rtwidgets-hub{last}"],
            stdout=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=environment,
        )

    with run(to_serve) as hub:
        try:
            assert hub.stdout is not None and f":{port}" in hub.stdout.readline()
            assert (tmp_path / "ann.token").stat().st_mode & 0o077 == 0
            with run(f"#{to_join}") as tail:
                try:
                    assert tail.stdout is not None
                    assert json.loads(tail.stdout.readline())["snapshot"]["value"] == 120
                finally:
                    tail.kill()
        finally:
            hub.kill()


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#:]+)\)", README))))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


@pytest.mark.parametrize("page", sorted(PAGES))
def test_links_of_a_page_lead_somewhere(page: str) -> None:
    text = (ROOT / f"docs/{page}.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#:]+)", text):
        assert (ROOT / "docs" / target).exists(), target
