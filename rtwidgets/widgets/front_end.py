"""The built front end: what the widgets send to a page."""

from __future__ import annotations

from pathlib import Path

_STATIC = Path(__file__).parent / "static"


def front_end(name: str) -> Path:
    """Return the path of a built front-end file.

    Raises:
        FileNotFoundError: If the front end was not built.
    """
    path = _STATIC / name
    if not path.exists():
        raise FileNotFoundError(
            f"the front end of rtwidgets is not built: {path.name} is missing. Run `make setup` in the "
            f"repository, or install a released package, which contains it"
        )
    return path


def packed_kit() -> str:
    """Return the code that shows the widgets: ``kit.js``, compressed, in base64.

    Raises:
        FileNotFoundError: If the front end was not built.
    """
    return front_end("kit.js.gz.b64").read_text(encoding="ascii")
