// LiveTable: the rows of a table channel, sorted, with what changed made visible.

import type { Key, TableFeed } from "../connection/types.ts";
import { statusBadge } from "../lib/badge.ts";
import { card } from "../lib/card.ts";
import { columnMenu } from "../lib/column_menu.ts";
import { parseSort } from "../lib/column_style.ts";
import { element, setText } from "../lib/dom.ts";
import { formatNumber } from "../lib/format.ts";
import { drawFrames } from "../lib/frames.ts";
import { makeGrid } from "../lib/grid_view.ts";
import { isLive, linkToHub, type Link } from "../lib/link.ts";
import { height, maxHz, text, textsOrNull } from "../lib/options.ts";
import { Redraws } from "../lib/redraws.ts";
import { RowOrder, type Sort } from "../lib/row_order.ts";
import { savedFeed } from "../lib/saved.ts";
import { markSaved } from "../lib/saved_mark.ts";
import { readSavedTable, savedTable } from "../lib/saved_table.ts";
import { titleOf } from "../lib/titles.ts";
import { whileEmpty } from "../lib/status.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly columns: readonly string[] | null;
  readonly sort: string;
  readonly title: string;
  readonly height: number;
  readonly max_hz: number | null;
}

interface State {
  readonly channel: string;
  readonly link: Link<TableFeed>;
  readonly redraws: Redraws;
  /** Rows that there were when it was saved. */
  readonly savedRows: number;
  /** The same for all views, and kept while the widget is out of sight. */
  order: RowOrder;
  columns: readonly string[] | null;
  /** Cells that changed since a view last drew, one map per view. */
  readonly changes: Set<Map<Key, Set<string>>>;
}

const SAVED_ROWS = 50;
const NO_ROWS: RowOrder = new RowOrder(() => new Map(), null);

export default defineWidget<Options, State>({
  kind: "table",
  channels: ["data"],
  options: { columns: textsOrNull(), sort: text(""), title: text(""), height: height(360), max_hz: maxHz() },

  open({ hub, channels, options, saved }, sight, signal) {
    const want = sight.want(options.max_hz);
    const channel = channels.get("data") ?? "";
    const redraws = new Redraws();
    const changes = new Set<Map<Key, Set<string>>>();
    const old = readSavedTable(saved?.feeds.get("data"));
    let sort: Sort | null = old.sort ?? parseSort(options.sort);
    const state: { order: RowOrder } = { order: NO_ROWS };
    const link = linkToHub<TableFeed>(
      hub,
      (connection, until) => connection.table(channel, want, until),
      (feed, until) => {
        if (state.order !== NO_ROWS) sort = state.order.sort;
        state.order = new RowOrder(() => feed.rows, sort);
        feed.onChange((change) => {
          state.order.apply(change);
          if (!change.reset) for (const changed of changes) note(changed, change.changed);
          redraws.request();
        }, until);
        redraws.request();
      },
      signal,
      savedFeed(saved, "data", "table", channel),
    );
    return Object.assign(state, { channel, link, redraws, columns: options.columns, changes, savedRows: old.of });
  },

  show({ options, problems }, state, el, signal) {
    const { channel, link, redraws } = state;
    const badge = statusBadge({ link, channel, showAge: true }, signal);
    const title = options.title || titleOf(channel);
    const view = card(el, { class: "rtw-table", title, badge, problems }, signal);
    const all = () => link.feed?.columns ?? [];
    const shown = () => {
      const chosen = state.columns;
      return chosen ? chosen.filter((name) => all().includes(name)) : all();
    };
    const changed = new Map<Key, Set<string>>();
    state.changes.add(changed);
    signal.addEventListener("abort", () => state.changes.delete(changed), { once: true });

    const grid = makeGrid(
      {
        rows: () => link.feed?.rows ?? new Map(),
        order: () => state.order,
        columns: shown,
        key: () => link.feed?.key ?? null,
        onSort: (sort) => {
          state.order.sortBy(sort);
          redraws.request();
        },
        onScroll: () => frames.request(),
        label: title,
        height: options.height,
      },
      signal,
    );
    const count = element("span", { class: "rtw-table__count" });
    const menu = columnMenu(
      all,
      (name) => shown().includes(name),
      (name) => {
        const now = shown();
        // In the order of the table, whatever the order of the clicks; the last one stays.
        const next = now.includes(name) ? now.filter((other) => other !== name) : all().filter((other) => other === name || now.includes(other));
        if (next.length) state.columns = next;
        redraws.request();
      },
      signal,
    );
    const empty = element("div", { class: "rtw-empty rtw-table__empty", text: "waiting for rows…" });
    view.tools.append(count, menu.root);
    view.body.append(grid.root, empty);

    const draw = () => {
      const rows = link.feed?.rows.size ?? 0;
      const total = link.savedAtMs === null ? rows : Math.max(rows, state.savedRows);
      setText(count, `${total > rows ? `${formatNumber(rows)} of ` : ""}${formatNumber(total)} ${total === 1 ? "row" : "rows"}${link.feed?.loading ? "…" : ""}`);
      setText(empty, link.feed?.status.phase === "live" && !link.feed.loading ? "no rows" : whileEmpty(link, "waiting for rows…"));
      empty.hidden = rows > 0;
      const missing = (state.columns ?? options.columns ?? []).filter((name) => !all().includes(name));
      const sort = state.order.sort?.column;
      if (sort !== undefined && !all().includes(sort)) missing.push(sort);
      view.notice(rows > 0 && missing.length ? `no column '${missing[0]}'; columns are ${all().join(", ")}` : "");
      grid.draw(changed);
      changed.clear();
    };
    const frames = drawFrames(view.root, draw, signal);
    redraws.add(frames.request, signal);
    markSaved(view.root, link, [], signal);
  },

  picture: (_spec, { link, order, columns }, share) =>
    isLive(link) && link.feed?.key != null ? { data: savedTable(link.feed, order, columns, Math.max(1, SAVED_ROWS * share)) } : null,
});

/** Add the changes of a batch to those a view has not drawn yet. */
function note(into: Map<Key, Set<string>>, changed: ReadonlyMap<Key, ReadonlySet<string>>): void {
  // A view that is out of sight does not draw: it must not collect without end, and old changes need not flash.
  if (into.size > 5000) into.clear();
  for (const [key, columns] of changed) {
    const known = into.get(key);
    if (known) for (const name of columns) known.add(name);
    else into.set(key, new Set(columns));
  }
}
