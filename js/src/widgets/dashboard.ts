// Dashboard: the widgets of a session on one grid, which editors arrange for everybody.

import type { EventFeed, ValueFeed } from "../connection/types.ts";
import { statusBadge } from "../lib/badge.ts";
import { card } from "../lib/card.ts";
import { button, element, icon, setText } from "../lib/dom.ts";
import { faceRow } from "../lib/faces.ts";
import { editingKey, ownKeys } from "../lib/keys.ts";
import { kindOf, unknownKind } from "../lib/kinds.ts";
import { isLive, linkToHub, type Link } from "../lib/link.ts";
import { showAsToasts } from "../lib/page_notices.ts";
import { colorsOf } from "../lib/palette.ts";
import { panelBoard } from "../lib/panel_board.ts";
import { PanelEdits } from "../lib/panel_edits.ts";
import { sessionOf } from "../lib/panel_layout.ts";
import { PanelModels } from "../lib/panel_models.ts";
import { Redraws } from "../lib/redraws.ts";
import { savedFeed } from "../lib/saved.ts";
import { markSaved } from "../lib/saved_mark.ts";
import { whileEmpty } from "../lib/status.ts";
import { defineWidget } from "../lib/widget.ts";

interface State {
  readonly channel: string;
  readonly session: string;
  readonly link: Link<ValueFeed>;
  readonly crowd: Link<EventFeed>;
  readonly edits: PanelEdits;
  readonly models: PanelModels;
  readonly redraws: Redraws;
  /** Why the last change was not saved. */
  failure: string;
}

const PENCIL = "M3 13l.7-3L10.5 3.2l2.3 2.3L6 12.3zM9 4.7 11.3 7";
const CHECK = "M3 8.5 6.5 12 13 4.5";
const BACK = "M6 3.5 2.5 7 6 10.5M2.5 7h7a4 4 0 0 1 0 8H7";

export default defineWidget<Record<never, never>, State>({
  kind: "dashboard",
  channels: ["layout", "members"],
  options: {},

  open({ hub, channels, saved }, sight, signal) {
    const want = sight.want();
    const channel = channels.get("layout") ?? "";
    const session = sessionOf(channel);
    const redraws = new Redraws();
    const models = new PanelModels({ of: kindOf, unknown: unknownKind }, hub, session, saved, signal);
    const edits = new PanelEdits({
      current: () => (link.feed?.has ? link.feed.value : undefined),
      send: async (value) => void (await (link.feed?.set(value) ?? Promise.reject(new Error("there is no connection to the hub")))),
      changed: () => {
        models.follow(edits.layout.panels);
        redraws.request();
      },
      failed: (reason) => {
        state.failure = reason;
        redraws.request();
      },
    });
    const link = linkToHub<ValueFeed>(
      hub,
      (connection, until) => {
        connection.onStatus(() => redraws.request(), until);
        if (session !== "") showAsToasts(connection, `event:${session}/notices`, until);
        return connection.value(channel, want, until);
      },
      (feed, until) => {
        feed.onChange(() => edits.incoming(), until);
        feed.onStatus(() => redraws.request(), until);
        if (feed.has) queueMicrotask(() => edits.incoming());
      },
      signal,
      savedFeed(saved, "layout", "value", channel),
    );
    const crowd = linkToHub<EventFeed>(
      hub,
      (connection, until) => connection.event(channels.get("members") ?? "", want, until),
      (feed, until) => feed.onChange(() => redraws.request(), until),
      signal,
    );
    signal.addEventListener("abort", () => edits.end(), { once: true });
    const state: State = { channel, session, link, crowd, edits, models, redraws, failure: "" };
    return state;
  },

  show({ problems }, state, el, signal) {
    const { channel, session, link, crowd, edits, models, redraws } = state;
    const badge = statusBadge({ link, channel, showAge: false }, signal);
    const view = card(el, { class: "rtw-dash", title: session, badge, problems }, signal);
    const spoken = element("span", { class: "rtw-unseen", role: "status" });
    const empty = element("div", { class: "rtw-dash__empty" });
    const word = element("span");
    const back = button({ class: "rtw-dash__tool" }, () => setText(spoken, edits.undo() ? "Undone." : ""), signal);
    back.append(icon(BACK), element("span", { text: "Undo" }));
    const edit = button({ class: "rtw-dash__tool" }, () => board.edit(!board.editing), signal);
    const board = panelBoard({ edits, models, say: (text) => setText(spoken, text), drawn: () => dress(), spare: () => edit }, signal);
    const faces = faceRow();
    const tools = element("div", { class: "rtw-dash__tools" }, faces.root, back, edit);
    view.root.querySelector(".rtw-head")?.insertBefore(tools, badge);
    ownKeys(board.root, (press) => board.editing && editingKey(press), signal);
    view.body.append(empty, board.root, spoken);

    const dress = () => {
      const { title, panels, problems: faults } = edits.layout;
      const mayEdit = link.connection?.may("publish", channel) ?? false;
      if (board.editing && !mayEdit) board.edit(false);
      view.retitle(title || session);
      faces.draw(crowd.feed?.members ?? [], link.connection?.user ?? null, colorsOf(link.connection?.present(channel) ?? []));
      view.root.classList.toggle("rtw-dash--editing", board.editing);
      edit.hidden = !mayEdit || (panels.length === 0 && !board.editing);
      edit.setAttribute("aria-pressed", String(board.editing));
      setText(word, board.editing ? "Done" : "Edit layout");
      edit.replaceChildren(icon(board.editing ? CHECK : PENCIL), word);
      back.hidden = !board.editing;
      back.disabled = !edits.undoable;
      empty.hidden = panels.length > 0;
      setText(empty, isLive(link) ? "There are no panels yet. In Python, session.dashboard([[chart, table]]) puts some here." : whileEmpty(link, "waiting for the dashboard…"));
      view.notice(state.failure ? `The change was not saved: ${state.failure}` : faults.join(". "));
    };
    redraws.add(board.request, signal);
    markSaved(view.root, link, [], signal);
    dress();
  },

  picture: (_spec, { link, models }, share) =>
    isLive(link) && link.feed?.has ? { layout: { value: link.feed.value }, panels: models.pictures(share) } : null,
  pictureChars: 60_000,
});
