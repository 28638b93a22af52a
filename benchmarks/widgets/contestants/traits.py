"""A small anywidget whose data are traits, as one would write it for one notebook."""

from __future__ import annotations

import asyncio
from typing import Any

import anywidget
import traitlets

from benchmarks.widgets.flow import (
    KEPT_ROWS,
    WINDOW_S,
    Flow,
    chart_rows,
    paced,
    table_changes,
    whole_table,
)
from benchmarks.widgets.tasks import CHANGED_CELLS

INTERVAL_S = 0.025
_tasks: set[asyncio.Task[None]] = set()


class Lines(anywidget.AnyWidget):
    """Draws every row of the last seconds."""

    _esm = """
    export default {
      render({ model, el }) {
        const canvas = document.createElement("canvas");
        canvas.width = el.clientWidth || 1100;
        canvas.height = 400;
        el.append(canvas);
        const context = canvas.getContext("2d");
        const rows = [];
        let asked = false;
        const draw = () => {
          asked = false;
          const { width, height } = canvas;
          const windowMs = model.get("window_s") * 1000;
          const to = rows.at(-1)[0], from = to - windowMs;
          context.clearRect(0, 0, width, height);
          let low = Infinity, high = -Infinity;
          for (const row of rows) {
            low = Math.min(low, row[1]);
            high = Math.max(high, row[1]);
          }
          for (const [column, color] of [[1, "steelblue"], [2, "darkorange"]]) {
            context.strokeStyle = color;
            context.beginPath();
            for (const row of rows) {
              const x = (row[0] - from) / windowMs * width;
              const y = height - (row[column] - low) / (high - low || 1) * height;
              context.lineTo(x, y);
            }
            context.stroke();
          }
        };
        model.on("change:batch", () => {
          const { buffer, byteOffset, byteLength } = model.get("batch");
          const cells = new Float64Array(buffer.slice(byteOffset, byteOffset + byteLength));
          for (let i = 0; i < cells.length; i += 3) rows.push([cells[i], cells[i + 1], cells[i + 2]]);
          const old = rows.at(-1)[0] - model.get("window_s") * 1000;
          let drop = Math.max(0, rows.length - model.get("kept"));
          while (rows[drop][0] < old) drop += 1;
          rows.splice(0, drop);
          if (!asked) requestAnimationFrame(draw);
          asked = true;
        });
      },
    };
    """
    batch = traitlets.Bytes().tag(sync=True)
    window_s = traitlets.Float(WINDOW_S).tag(sync=True)
    kept = traitlets.Int(KEPT_ROWS).tag(sync=True)


class Grid(anywidget.AnyWidget):
    """Shows the first rows of a table and takes changes of any."""

    _esm = """
    export default {
      render({ model, el }) {
        const table = document.createElement("table");
        const box = document.createElement("div");
        box.style.cssText = "height: 400px; overflow: auto";
        box.append(table);
        el.append(box);
        const rows = new Map();
        const shown = new Map();
        const changed = new Set();
        const names = Object.keys(model.get("rows"));
        const take = (columns) => columns.id.forEach((id, i) => {
          const row = rows.get(id) ?? {};
          for (const name in columns) row[name] = columns[name][i];
          rows.set(id, row);
          changed.add(id);
        });
        const draw = () => {
          for (const id of changed) {
            const cells = shown.get(id);
            if (cells) names.forEach((name, i) => { cells[i].textContent = rows.get(id)[name]; });
          }
          changed.clear();
        };
        take(model.get("rows"));
        for (const id of [...rows.keys()].slice(0, 200)) {
          const line = table.insertRow();
          shown.set(id, names.map(() => line.insertCell()));
        }
        draw();
        let asked = false;
        model.on("change:changes", () => {
          take(model.get("changes"));
          if (!asked) requestAnimationFrame(() => { asked = false; draw(); });
          asked = true;
        });
      },
    };
    """
    rows = traitlets.Dict().tag(sync=True)
    changes = traitlets.Dict().tag(sync=True)


def chart(rate: int, told: str) -> Any:
    """Set a trait to each batch of rows."""
    widget = Lines()

    async def feed() -> None:
        import numpy as np

        async for start, end, count in paced(Flow(rate, told), INTERVAL_S):
            columns = chart_rows(start, end, count)
            cells = np.column_stack((columns["time"] * 1000, columns["fine"], columns["coarse"]))
            widget.batch = cells.tobytes()

    _tasks.add(asyncio.ensure_future(feed()))
    return widget


def table(rows: int, rate: int, told: str) -> Any:
    """Set a trait to each batch of changes."""
    widget = Grid(rows=whole_table(rows))

    async def feed() -> None:
        async for _, end, count in paced(Flow(rate / CHANGED_CELLS, told), INTERVAL_S):
            widget.changes = table_changes(end, rows, count)

    _tasks.add(asyncio.ensure_future(feed()))
    return widget
