// The history of a chat as DOM: blocks by author, then what is still on its way.

import type { ChatMessage } from "../connection/types.ts";
import { chatBlocks, initials, type ChatBlock } from "./chat_blocks.ts";
import { button, element } from "./dom.ts";
import { formatClock, formatDay } from "./format.ts";
import { listKey, ownKeys } from "./keys.ts";
import type { Outbox, Outgoing } from "./outbox.ts";
import { colorOfName } from "./palette.ts";

/** Older messages are built only when asked for. */
const PAGE = 200;

export interface ChatLog {
  readonly root: HTMLElement;
  draw(messages: readonly ChatMessage[], outbox: Outbox, me: string | null): void;
}

interface Drawn {
  readonly signature: string;
  readonly element: HTMLElement;
}

export function chatLog(onEarlier: () => void, onRetry: (item: Outgoing) => void, onDiscard: (item: Outgoing) => void, signal: AbortSignal): ChatLog {
  const earlier = button({ class: "rtw-chat__earlier", text: "Show earlier messages", hidden: true }, () => {
    limit += PAGE;
    onEarlier();
  }, signal);
  const list = element("div", { class: "rtw-chat__log", role: "log", label: "Messages" });
  list.setAttribute("aria-live", "polite");
  const outgoing = element("div", { class: "rtw-chat__outgoing" });
  const root = element("div", { class: "rtw-chat__scroll" }, earlier, list, outgoing);
  root.tabIndex = 0;
  ownKeys(root, listKey, signal);
  let limit = PAGE;
  // Blocks stay in the document while they do not change: a screen reader reads additions only.
  const drawn = new Map<string, Drawn>();

  const blockOf = (block: ChatBlock, me: string | null): [key: string, Drawn] => {
    const key = block.messages[0]?.id ?? "";
    const signature = block.messages.map(({ id, text, edited, open }) => `${id} ${text.length} ${edited} ${open}`).join("\n") + block.newDay;
    const before = drawn.get(key);
    // Edits may keep the length, so only an untouched tail is taken as the same.
    if (before && before.signature === signature && !block.messages.some(({ edited, open }) => edited || open)) return [key, before];
    return [key, { signature, element: buildBlock(block, me) }];
  };

  return {
    root,
    draw(messages, outbox, me) {
      const recent = messages.slice(-limit);
      earlier.hidden = messages.length <= limit;
      const next = chatBlocks(recent).map((block) => blockOf(block, me));
      drawn.clear();
      next.forEach(([key, entry], i) => {
        drawn.set(key, entry);
        const here = list.children[i];
        if (here !== entry.element) list.insertBefore(entry.element, here ?? null);
      });
      while (list.children.length > next.length) list.lastElementChild?.remove();
      outgoing.replaceChildren(...outbox.items.map((item) => buildOutgoing(item, onRetry, onDiscard, signal)));
    },
  };
}

function buildBlock(block: ChatBlock, me: string | null): HTMLElement {
  const nowMs = Date.now();
  const face = element("span", { class: "rtw-chat__face", text: initials(block.name) });
  face.style.setProperty("--face", colorOfName(block.user));
  face.setAttribute("aria-hidden", "true");
  const time = element("time", { class: "rtw-chat__time", text: formatClock(block.timeMs, "minute") });
  time.title = `${formatDay(block.timeMs, nowMs)}, ${formatClock(block.timeMs)}`;
  const author = element("span", { class: "rtw-chat__author", text: block.name });
  const head = element("div", { class: "rtw-chat__by" }, author, ...(block.user === me ? [element("span", { class: "rtw-chat__you", text: "you" })] : []), time);
  const texts = block.messages.map(({ text, edited, open }) => {
    const line = element("div", { class: `rtw-chat__text${open ? " rtw-chat__text--open" : ""}`, text });
    if (edited) line.append(element("span", { class: "rtw-chat__mark", text: " (edited)" }));
    return line;
  });
  const body = element("div", { class: "rtw-chat__block" }, face, element("div", { class: "rtw-chat__said" }, head, ...texts));
  const today = new Date(nowMs).toDateString() === new Date(block.timeMs).toDateString();
  return block.newDay
    ? element("div", {}, element("div", { class: "rtw-chat__day" }, element("span", { text: today ? "today" : formatDay(block.timeMs, nowMs) })), body)
    : element("div", {}, body);
}

function buildOutgoing(item: Outgoing, onRetry: (item: Outgoing) => void, onDiscard: (item: Outgoing) => void, signal: AbortSignal): HTMLElement {
  const text = element("div", { class: "rtw-chat__text", text: item.text });
  if (item.failure === null) return element("div", { class: "rtw-chat__pending" }, text, element("span", { class: "rtw-chat__mark", text: "sending…" }));
  return element(
    "div",
    { class: "rtw-chat__pending rtw-chat__pending--failed" },
    text,
    element("span", { class: "rtw-chat__why", text: `not sent: ${item.failure}` }),
    button({ class: "rtw-chat__again", text: "Send again" }, () => onRetry(item), signal),
    button({ class: "rtw-chat__again", text: "Discard" }, () => onDiscard(item), signal),
  );
}
