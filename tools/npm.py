"""Run npm in ``js/`` with the Node that builds the front end: ``python -m tools.npm test``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from hatch_build import FrontEndError, find_node

JS = Path(__file__).resolve().parent.parent / "js"


def main(arguments: list[str]) -> int:
    """Run npm with these arguments and return its exit code."""
    try:
        node, npm = find_node()
    except FrontEndError as error:
        print(error, file=sys.stderr)
        return 1
    path = os.pathsep.join([str(Path(node).parent), os.environ.get("PATH", "")])
    return subprocess.run(
        [*npm, *arguments], cwd=JS, env={**os.environ, "PATH": path}, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
