"""Libraries that come with an extra, imported when a source first needs them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import ConfigError


def need(module: str, extra: str) -> Any:
    """Import a library that is not installed with the package itself.

    Args:
        module: What to import, such as ``"confluent_kafka"``.
        extra: The extra that brings it.

    Raises:
        ConfigError: If it is not installed.
    """
    try:
        return import_module(module)
    except ImportError:
        raise ConfigError(
            f"this source needs {module.partition('.')[0]!r}: pip install 'rtwidgets[{extra}]'"
        ) from None
