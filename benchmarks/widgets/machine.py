"""What the widgets' figures were taken on."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .. import machine

PACKAGES = ("jupyterlab", "ipykernel", "anywidget", "ipywidgets", "panel", "bokeh", "perspective-python")
ROOT = Path(__file__).resolve().parents[2]


def describe(chromium: str) -> dict[str, object]:
    """Return everything a reader needs to judge the figures.

    Args:
        chromium: The browser's version.
    """
    return {
        **machine.describe(ROOT),
        "packages": {name: _installed(name) for name in PACKAGES},
        "chromium": f"{chromium}, headless, without a graphics card",
    }


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
