// What was said, as rows that scroll: older ones come when the reader scrolls up, and nothing jumps.

import type { ChatMessage } from "../connection/types.ts";
import { actionBar, type ActionContext } from "./chat_actions.ts";
import { chatRows, sameRow, type ChatRow } from "./chat_blocks.ts";
import { buildRow, type RowContext } from "./chat_message.ts";
import { buildOutgoing, type OutgoingContext } from "./chat_outgoing.ts";
import { button, element, focusAround, setText } from "./dom.ts";
import { ownKeys, rowKey } from "./keys.ts";
import type { Outgoing } from "./outbox.ts";
import { colorsOf, type ColorOf } from "./palette.ts";
import { rowKeys } from "./row_keys.ts";

/** So many rows are built; more when the reader scrolls up. */
const PAGE = 100;
/** Nearer to the end than this counts as reading the newest. */
const AT_END_PX = 40;
/** Nearer to the beginning than this asks for what comes before. */
const NEAR_START_PX = 500;

/** What the log shows. */
export interface LogContents {
  readonly messages: readonly ChatMessage[];
  readonly more: boolean;
  readonly divider: string | null;
  readonly outgoing: readonly Outgoing[];
  find(id: string): ChatMessage | null;
  isLeft(message: ChatMessage): boolean;
  readonly colorOf: ColorOf;
}

export interface LogContext extends Omit<RowContext, "jump" | "signal">, ActionContext, OutgoingContext {
  /** Whether we may stop the command that a message tells of: the hub's id of the call. */
  stoppable(message: ChatMessage): string | null;
  /** Get older messages; null where there is no way to them now. */
  older(): Promise<void> | null;
  /** Whether the reader is at the end has changed. */
  moved(): void;
  leave(): void;
}

export interface ChatLog {
  readonly root: HTMLElement;
  readonly atEnd: boolean;
  draw(contents: LogContents): void;
  toEnd(): void;
  /** Go to the last row, for the keyboard. */
  focusLast(): void;
  /** Another conversation comes, and is shown from its end. */
  restart(): void;
}

interface Drawn {
  readonly row: ChatRow;
  readonly entry: HTMLElement;
}

export function chatLog(context: () => LogContext, signal: AbortSignal): ChatLog {
  const top = element("div", { class: "rtw-chat__top", role: "status" });
  // Said aloud by chat_speech.ts: a log that is filled, or grows at its beginning, is no news.
  const list = element("div", { class: "rtw-chat__log", role: "log", label: "Messages" });
  list.setAttribute("aria-live", "off");
  const sending = element("div", { class: "rtw-chat__outgoing" });
  const root = element("div", { class: "rtw-chat__scroll" }, top, list, sending);
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Messages; arrow keys go from one to the next");
  ownKeys(root, rowKey, signal);

  let contents: LogContents = { messages: [], more: false, divider: null, outgoing: [], find: () => null, isLeft: () => false, colorOf: colorsOf([]) };
  let drawn = new Map<string, Drawn>();
  const messageOf = new WeakMap<Element, ChatMessage>();
  let limit = PAGE;
  let following = true;
  let asked = false;
  /** A message to show as soon as it is here. */
  let wanted: string | null = null;
  let fault = "";

  const bar = actionBar(context, signal);
  const rowOf = (target: EventTarget | null) => (target instanceof Element ? target.closest<HTMLElement>(".rtw-chat__row") : null);
  const offer = (row: HTMLElement | null) => {
    const message = row && messageOf.get(row);
    if (!row || !message) return bar.root.remove();
    if (bar.root.parentElement === row) return;
    if (bar.offer(message)) row.append(bar.root);
    else bar.root.remove();
  };
  list.addEventListener("pointerover", (event) => list.contains(focusAround(root)) || offer(rowOf(event.target)), { signal });
  list.addEventListener("pointerleave", () => list.contains(focusAround(root)) || bar.root.remove(), { signal });
  list.addEventListener("focusin", (event) => offer(rowOf(event.target)), { signal });
  list.addEventListener("focusout", (event) => list.contains(event.relatedTarget as Node | null) || bar.root.remove(), { signal });

  const atEnd = () => root.scrollHeight - root.scrollTop - root.clientHeight < AT_END_PX;
  const toEnd = () => {
    following = true;
    root.scrollTop = root.scrollHeight;
  };
  const grow = () => {
    if (signal.aborted || root.scrollTop > NEAR_START_PX || root.clientHeight === 0) return;
    if (limit < contents.messages.length) {
      limit += PAGE;
      draw(contents);
    } else if (contents.more && !asked && fault === "") {
      const older = context().older();
      if (older === null) return;
      asked = true;
      setText(top, "Loading older messages…");
      older.then(
        () => (limit += PAGE),
        (error: unknown) => (fault = error instanceof Error ? error.message : String(error)),
      ).finally(() => {
        asked = false;
        if (!signal.aborted) draw(contents);
      });
    } else {
      drawTop();
    }
  };
  const drawTop = () => {
    if (asked) return;
    if (fault !== "") {
      const again = button({ class: "rtw-chat__again", text: "Try again" }, () => ((fault = ""), grow()), signal);
      top.replaceChildren(element("span", { class: "rtw-chat__why", text: `older messages did not come: ${fault}` }), again);
    } else {
      const begins = contents.messages.length > PAGE / 4 && !contents.more && limit >= contents.messages.length;
      setText(top, begins ? "The beginning of what is kept" : "");
    }
  };
  root.addEventListener(
    "scroll",
    () => {
      const before = following;
      following = atEnd();
      if (following && limit > 4 * PAGE) limit = PAGE;
      if (following !== before) context().moved();
      grow();
    },
    { signal, passive: true },
  );

  const jump = (id: string) => {
    const found = drawn.get(id);
    if (found) {
      wanted = null;
      following = false;
      const row = found.entry.querySelector<HTMLElement>(".rtw-chat__row");
      row?.scrollIntoView({ block: "center" });
      row?.focus({ preventScroll: true });
      row?.classList.add("rtw-chat__row--flash");
      setTimeout(() => row?.classList.remove("rtw-chat__row--flash"), 1_500);
      return;
    }
    wanted = null;
    const known = contents.messages.findIndex((message) => message.id === id);
    if (known >= 0) {
      limit = Math.max(limit, contents.messages.length - known + PAGE / 4);
      wanted = id;
      draw(contents);
    } else if (contents.more) {
      wanted = id;
      root.scrollTop = 0;
      grow();
    }
  };

  const rebuilt = (row: ChatRow): Drawn => {
    const known = drawn.get(row.message.id);
    if (known && sameRow(known.row, row)) return known;
    const entry = buildRow(row, { ...context(), jump, signal });
    const article = entry.querySelector<HTMLElement>(".rtw-chat__row");
    if (article) messageOf.set(article, row.message);
    return { row, entry };
  };

  const draw = (now: LogContents) => {
    contents = now;
    const { messages, divider, outgoing, find, more, isLeft, colorOf } = contents;
    const anchor = following ? null : anchorIn(root, drawn);
    const rows = chatRows(messages.slice(-limit), { divider, more, find, stoppable: context().stoppable, isLeft, colorOf });
    const focused = rowOf(focusAround(root));
    const focusedId = focused && list.contains(focused) ? messageOf.get(focused)?.id : undefined;
    const next = new Map(rows.map((row) => [row.message.id, rebuilt(row)]));
    let at: Element | null = list.firstElementChild;
    for (const { entry } of next.values()) {
      if (entry === at) at = at.nextElementSibling;
      else list.insertBefore(entry, at);
    }
    while (at) {
      const gone = at;
      at = at.nextElementSibling;
      gone.remove();
    }
    drawn = next;
    if (focusedId !== undefined && !list.contains(focusAround(root))) {
      next.get(focusedId)?.entry.querySelector<HTMLElement>(".rtw-chat__row")?.focus({ preventScroll: true });
    }
    sending.replaceChildren(...outgoing.map((item) => buildOutgoing(item, context(), signal)));
    if (following) toEnd();
    else if (anchor) root.scrollTop += (drawn.get(anchor.id)?.entry.offsetTop ?? anchor.top) - anchor.top;
    drawTop();
    if (wanted !== null && (drawn.has(wanted) || !more)) jump(wanted);
    grow();
  };

  rowKeys(root, list, {
    leave: () => context().leave(),
    act: (row, what) => {
      const message = messageOf.get(row);
      const { me, mayTalk, reply, edit } = context();
      if (!message || !mayTalk) return;
      if (what === "reply") reply(message);
      else if (message.user === me && me && !message.command) edit(message);
    },
    bar: bar.root,
  }, signal);

  return {
    root,
    get atEnd() {
      return following;
    },
    draw,
    toEnd,
    restart() {
      limit = PAGE;
      following = true;
      wanted = null;
      fault = "";
    },
    focusLast: () => [...list.querySelectorAll<HTMLElement>(".rtw-chat__row")].at(-1)?.focus(),
  };
}

/** The first row in sight, and where it stands. */
function anchorIn(root: HTMLElement, drawn: ReadonlyMap<string, Drawn>): { id: string; top: number } | null {
  for (const [id, { entry }] of drawn) {
    if (entry.offsetTop + entry.offsetHeight > root.scrollTop) return { id, top: entry.offsetTop };
  }
  return null;
}
