"""The systemd unit: systemd itself reads it, and judges how well it is closed in."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner

from rtwidgets.server.cli import main

from ..client.hub_process import ROOT

UNIT = ROOT / "deploy/systemd/rtwidgets-hub.service"
PROGRAM = "/opt/rtwidgets/bin/rtwidgets-hub"


def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        return  # not a system that would run it
    text = UNIT.read_text()
    assert f"ExecStart={PROGRAM} serve" in text
    copy = tmp_path / UNIT.name
    copy.write_text(text.replace(PROGRAM, sys.executable))
    verified = subprocess.run([analyze, "verify", str(copy)], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stderr) == (0, "")
    judged = subprocess.run(
        [analyze, "security", "--offline=true", str(copy)], capture_output=True, text=True, check=False
    )
    exposure = re.search(r"Overall exposure level for \S+: ([\d.]+)", judged.stdout)
    assert exposure is not None and float(exposure[1]) < 2.0, judged.stdout[-500:] + judged.stderr


def test_unit_starts_the_hub_as_its_command_line_is(tmp_path: Path) -> None:
    found = re.search(rf"ExecStart={PROGRAM} (.*)", UNIT.read_text())
    assert found is not None
    arguments = shlex.split(found[1])
    config = tmp_path / "hub.toml"
    config.write_text("[hub]\nport = 99999\n")
    arguments[arguments.index("--config") + 1] = str(config)
    result = CliRunner().invoke(main, arguments)
    # All flags are known; what is wrong is the port.
    assert "hub.port is 99999" in result.output
