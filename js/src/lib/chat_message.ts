// One row of a chat as DOM.

import type { ChatMessage, CommandNote } from "../connection/types.ts";
import type { ChatRow } from "./chat_blocks.ts";
import { initials } from "./faces.ts";
import { fillText, type TextContext } from "./chat_text.ts";
import { button, element, icon, names } from "./dom.ts";
import { formatClock, formatDay } from "./format.ts";
import { plainText } from "./markdown.ts";
import { mentionsIn } from "./mentions.ts";
import { shownName } from "./names.ts";

export interface RowContext extends TextContext {
  /** What stands before the names of the chat's own commands. */
  readonly scope: string;
  /** Show the message that another one answers. */
  jump(id: string): void;
  react(message: ChatMessage, emoji: string, on: boolean): void;
  /** Stop the command that a message tells of. */
  stop(message: ChatMessage): void;
}

/** The hub waits no longer for any command: who still says "running" has gone. */
const LONGEST_COMMAND_MS = 3_660_000;
const REPLY = "M6.5 3.5 2.5 7.5l4 4M3 7.5h6a4 4 0 0 1 4 4v1";
const STATES: Record<CommandNote["state"], string> = {
  running: "running",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
  unknown: "outcome unknown",
};

/** Build the row of a message. */
export function buildRow(row: ChatRow, context: RowContext): HTMLElement {
  const { message } = row;
  const nowMs = Date.now();
  const main = element("div", { class: "rtw-chat__main" });
  if (row.first) main.append(headOf(row, context.me, nowMs));
  else main.append(element("span", { class: "rtw-unseen", text: authorOf(message) }));
  if (message.replyTo !== null && !row.continues) main.append(quoteOf(message.replyTo, row.quoted, context));
  main.append(message.command ? commandOf(row, message.command, context, nowMs) : textOf(row, context));
  if (message.reactions.size > 0) main.append(reactionsOf(message, context));
  const classes = ["rtw-chat__row"];
  if (row.first) classes.push("rtw-chat__row--first");
  if (context.me !== null && message.user !== context.me && mentionsIn(message.text).includes(context.me)) classes.push("rtw-chat__row--me");
  const article = element("div", { class: classes.join(" "), role: "article" }, gutterOf(row), main);
  article.tabIndex = -1;
  const entry = element("div", { class: "rtw-chat__entry" });
  if (row.newDay) entry.append(dayOf(message.timeMs, nowMs));
  if (row.divider) entry.append(element("div", { class: "rtw-chat__new" }, element("span", { text: "New" })));
  entry.append(article);
  return entry;
}

/** Who said it: a label is the author's own word, so the author's name stands with it. */
export function authorOf({ label, name, user }: ChatMessage): string {
  const author = shownName(name || user);
  return label === null ? author : `${shownName(label)} (${author})`;
}

function headOf({ message, color }: ChatRow, me: string | null, nowMs: number): HTMLElement {
  const { label, timeMs, user } = message;
  const time = element("time", { class: "rtw-chat__time", text: formatClock(timeMs, "minute") });
  time.title = `${formatDay(timeMs, nowMs)}, ${formatClock(timeMs)}`;
  const author = names("rtw-chat__author", shownName(message.name || user));
  author.style.setProperty("--face", color);
  const tag = (text: string) => element("span", { class: "rtw-chat__tag", text });
  const head = element("div", { class: "rtw-chat__by" });
  if (label === null) {
    head.append(author, ...(user === me ? [tag("you")] : []), time);
  } else {
    const bot = element("span", { class: "rtw-chat__label", text: shownName(label) });
    author.classList.add("rtw-chat__author--behind");
    head.append(bot, tag("bot"), element("span", { class: "rtw-chat__of", text: "by" }), author, time);
  }
  return head;
}

function gutterOf({ message, first, color }: ChatRow): HTMLElement {
  if (!first) {
    const time = element("span", { class: "rtw-chat__gutter rtw-chat__gutter--time", text: formatClock(message.timeMs, "minute") });
    time.setAttribute("aria-hidden", "true");
    return time;
  }
  const bot = message.label !== null;
  const face = element("span", { class: `rtw-chat__face${bot ? " rtw-chat__face--bot" : ""}`, text: initials(shownName(message.label ?? (message.name || message.user))) });
  face.style.setProperty("--face", color);
  face.setAttribute("aria-hidden", "true");
  return element("span", { class: "rtw-chat__gutter" }, face);
}

function textOf({ message, left }: ChatRow, context: TextContext): HTMLElement {
  const text = element("div", { class: `rtw-chat__text${message.open && !left ? " rtw-chat__text--open" : ""}` });
  fillText(text, message.text, context);
  if (message.edited) text.append(element("span", { class: "rtw-chat__edited", text: " (edited)" }));
  if (left) {
    const note = element("span", { class: "rtw-chat__edited", text: " (interrupted)" });
    note.title = message.interrupted ? "Its author could not complete it." : "It was being written when its author's connection ended.";
    text.append(note);
  }
  return text;
}

function quoteOf(id: string, quoted: ChatMessage | null | undefined, { jump, signal }: RowContext): HTMLElement {
  if (quoted === null) return element("div", { class: "rtw-chat__quote rtw-chat__quote--gone" }, icon(REPLY), element("span", { text: "a deleted message" }));
  const made = button({ class: "rtw-chat__quote" }, () => jump(id), signal);
  const said = quoted && (quoted.command ? `/${quoted.command.name}` : plainText(quoted.text).slice(0, 200));
  made.append(icon(REPLY));
  if (quoted) made.append(names("rtw-chat__quoted-by", authorOf(quoted)));
  made.append(element("span", { class: "rtw-chat__quoted", text: said ?? "an earlier message" }));
  made.title = "Show what this answers";
  return made;
}

/** What became of a command, as its caller tells it. */
function commandOf({ message, stoppable }: ChatRow, note: CommandNote, { scope, stop, signal }: RowContext, nowMs: number): HTMLElement {
  const lost = note.state === "running" && nowMs - message.timeMs > LONGEST_COMMAND_MS;
  const state = lost ? "unknown" : note.state;
  const name = element("span", { class: "rtw-chat__command-name", text: `/${shownName(note.name.startsWith(scope) ? note.name.slice(scope.length) : note.name)}` });
  const by = element("span", { class: "rtw-chat__command-by", text: `says ${shownName(message.name || message.user)}` });
  by.title = "What the caller's page says of it. The hub's own record is in the audit channel.";
  const head = element("div", { class: "rtw-chat__command-head" }, element("span", { class: "rtw-chat__command-dot" }), name, element("span", { class: "rtw-chat__command-state", text: STATES[state] }), by);
  const made = element("div", { class: "rtw-chat__command" }, head);
  made.classList.add(`rtw-chat__command--${state}`);
  if (stoppable !== null) {
    const stopper = button({ class: "rtw-chat__stop", text: "Stop", label: `Stop ${name.textContent ?? ""}` }, () => {
      stopper.disabled = true;
      stop(message);
    }, signal);
    head.append(stopper);
  }
  if (state === "running" && note.fraction !== null) made.append(progressOf(note.fraction));
  if (message.text) made.append(element("div", { class: "rtw-chat__command-text", prose: message.text }));
  return made;
}

function progressOf(fraction: number): HTMLElement {
  const done = element("span", { class: "rtw-chat__progress-done" });
  done.style.width = `${100 * fraction}%`;
  const bar = element("div", { class: "rtw-chat__progress", role: "progressbar", label: "Progress" }, done);
  bar.setAttribute("aria-valuenow", String(Math.round(100 * fraction)));
  bar.setAttribute("aria-valuemin", "0");
  bar.setAttribute("aria-valuemax", "100");
  return bar;
}

function reactionsOf(message: ChatMessage, { me, nameOf, react, signal }: RowContext): HTMLElement {
  const chips = [...message.reactions].map(([emoji, users]) => {
    const mine = me !== null && users.includes(me);
    const reacting = users.slice(0, 20).map((user) => nameOf(user) ?? shownName(user));
    const shown = shownName(emoji);
    const chip = button({ class: "rtw-chat__reaction", label: `${shown}, ${users.length}: ${reacting.join(", ")}` }, () => react(message, emoji, !mine), signal);
    chip.append(element("span", { text: shown }), element("span", { class: "rtw-chat__count", text: String(users.length) }));
    chip.title = reacting.join(", ") + (users.length > reacting.length ? ` and ${users.length - reacting.length} more` : "");
    chip.setAttribute("aria-pressed", String(mine));
    return chip;
  });
  return element("div", { class: "rtw-chat__reactions" }, ...chips);
}

function dayOf(timeMs: number, nowMs: number): HTMLElement {
  const today = new Date(nowMs).toDateString() === new Date(timeMs).toDateString();
  return element("div", { class: "rtw-chat__day" }, element("span", { text: today ? "today" : formatDay(timeMs, nowMs) }));
}
