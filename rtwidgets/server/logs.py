"""What the hub writes to its log: text for people, or one JSON object a line for programs.

Names, ids and counts only. What clients send stands in no line, nor does the text of an exception, which may
quote it.
"""

from __future__ import annotations

import logging
import sys
import traceback
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal, TypeAlias

import msgspec

from ..core import Connection

LogFormat: TypeAlias = Literal["text", "json"]

log = logging.getLogger("rtwidgets.hub")
# The innermost frames of a traceback say where something went wrong.
_FRAMES = 12


class JsonFormatter(logging.Formatter):
    """Write a record as one JSON object: time, level, logger, message, and what else was said of it."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "counts", {}),
        }
        if record.exc_info is not None and record.exc_info[0] is not None:
            kind, _, trace = record.exc_info
            line["error"] = kind.__name__
            line["at"] = _places(trace)
        return msgspec.json.encode(line).decode()


class TextFormatter(logging.Formatter):
    """Write a record as its message; of an exception its kind and where it was."""

    def formatException(
        self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
    ) -> str:
        kind, _, trace = ei
        return "\n  at ".join([kind.__name__ if kind is not None else "", *_places(trace)])


def write_logs(form: LogFormat) -> None:
    """Write all logs of this process in this form from now on; JSON has the ordinary course of things, too.

    To be called before anything is logged.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    logging.getLogger().handlers[:] = [handler]
    logging.captureWarnings(True)
    if form == "json" and not log.isEnabledFor(logging.INFO):
        log.setLevel(logging.INFO)


def _places(trace: TracebackType | None) -> list[str]:
    frames = traceback.extract_tb(trace)[-_FRAMES:]
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def happened(what: str, **counts: str | float) -> None:
    """Note something that happens in the ordinary course: text logs leave it out."""
    log.info(what, extra={"counts": counts})


def connection_ended(connection: Connection, seconds: float) -> None:
    """Note the end of a connection that had come in."""
    if connection.has_started and connection.closing is not None:
        happened(
            "connection ended",
            client=connection.client,
            user=connection.info.user,
            transport=connection.transport,
            code=connection.closing.code,
            seconds=round(seconds, 3),
        )
