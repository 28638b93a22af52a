// The part of Markdown that a chat understands, as data. What is no markup stays as it was written.

import { parts, pieces } from "./cut.ts";
import { MENTION } from "./mentions.ts";
import { shownName } from "./names.ts";

export type Span =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "code"; readonly text: string }
  | { readonly kind: "bold" | "italic"; readonly spans: readonly Span[] }
  /** An address of http, https or mailto; `text` is what to show for it. */
  | { readonly kind: "link"; readonly url: URL; readonly text: string }
  | { readonly kind: "mention"; readonly user: string }
  | { readonly kind: "panel"; readonly title: string };

export interface Item {
  /** How far it is moved in, from 0. */
  readonly depth: number;
  /** "•", or the number as it was written. */
  readonly mark: string;
  readonly spans: readonly Span[];
}

export type Block =
  | { readonly kind: "paragraph" | "quote"; readonly spans: readonly Span[] }
  | { readonly kind: "list"; readonly items: readonly Item[] }
  | { readonly kind: "code"; readonly language: string; readonly text: string };

const FENCE = /^```([\w+#.-]{0,20})[ \t]*$/;
const ITEM = /^([ \t]{0,8})(?:[-*•]|(\d{1,3}[.)]))[ \t]+(\S.*)$/;
const QUOTE = /^> ?(.*)$/;
const MAX_DEPTH = 2;
/** Emphasis in emphasis; deeper is text. */
const MAX_NESTING = 3;

/** About so many elements one message makes; what is behind them stays as it was written. */
const MAX_ELEMENTS = 1_000;
/** What a block of code, and an item, are made of. */
const OF_CODE = 8;
const OF_ITEM = 4;
/** Longer paragraphs are several: a browser that has to turn their parts around needs the square of their length. */
const MAX_PARAGRAPH = 2_000;

/** How many elements may still be made. */
interface Room {
  left: number;
}

/** Read a message. */
export function parseMarkdown(text: string): Block[] {
  const blocks: Block[] = [];
  // What runs on without a space takes elements, too: a break each, and one around them.
  const room = { left: MAX_ELEMENTS - 2 * (parts(text).length - 1) };
  let plain: string[] = [];
  let length = 0;
  const end = () => {
    if (plain.length === 0) return;
    room.left -= 1;
    blocks.push({ kind: "paragraph", spans: parseSpans(plain.join("\n"), room) });
    plain = [];
    length = 0;
  };
  const add = (line: string) => {
    for (const piece of pieces(line, MAX_PARAGRAPH)) {
      if (length + piece.length > MAX_PARAGRAPH) end();
      plain.push(piece);
      length += piece.length + 1;
    }
  };
  const lines = text.split("\n");
  for (let at = 0; at < lines.length; at++) {
    if (room.left <= 0) {
      for (const line of lines.slice(at)) add(line);
      break;
    }
    const line = lines[at] ?? "";
    const fence = FENCE.exec(line);
    if (fence) {
      end();
      // One that is not closed yet is still being written.
      const close = lines.findIndex((other, i) => i > at && other.trimEnd() === "```");
      const stop = close < 0 ? lines.length : close;
      room.left -= OF_CODE;
      blocks.push({ kind: "code", language: fence[1] ?? "", text: lines.slice(at + 1, stop).join("\n") });
      at = stop;
    } else if (ITEM.test(line)) {
      end();
      const items: Item[] = [];
      for (; room.left > 0 && ITEM.test(lines[at] ?? ""); at++) items.push(item(lines[at] ?? "", room));
      if (items.length > 0) blocks.push({ kind: "list", items });
      at--;
    } else if (QUOTE.test(line)) {
      end();
      const quoted: string[] = [];
      for (; QUOTE.test(lines[at] ?? ""); at++) quoted.push(QUOTE.exec(lines[at] ?? "")?.[1] ?? "");
      room.left -= 1;
      blocks.push({ kind: "quote", spans: parseSpans(quoted.join("\n"), room) });
      at--;
    } else {
      add(line);
    }
  }
  end();
  return blocks;
}

/** What a message says without its markup, on one line. */
export function plainText(text: string): string {
  const lines = parseMarkdown(text).flatMap((block) => {
    if (block.kind === "code") return [block.text];
    return block.kind === "list" ? block.items.map(({ spans }) => textOf(spans)) : [textOf(block.spans)];
  });
  return lines.join(" ").replaceAll(/\s+/g, " ").trim();
}

function textOf(spans: readonly Span[]): string {
  return spans
    .map((span) => {
      if (span.kind === "mention") return `@${span.user}`;
      if (span.kind === "panel") return span.title;
      return "spans" in span ? textOf(span.spans) : span.text;
    })
    .join("");
}

function item(line: string, room: Room): Item {
  room.left -= OF_ITEM;
  const [, indent = "", number, rest = ""] = ITEM.exec(line) ?? [];
  const depth = Math.min(MAX_DEPTH, Math.floor(indent.replaceAll("\t", "  ").length / 2));
  return { depth, mark: number ?? "•", spans: parseSpans(rest, room) };
}

const LINK = /\[([^[\]\n]{1,200})\]\(((?:https?:\/\/|mailto:)[^\s()<>"'`]{1,2000})\)/y;
const PANEL = /\[\[([^[\]\n]{1,80})\]\]/y;
const ADDRESS = /https?:\/\/[^\s<>"'`]{1,2000}/y;
/** What ends a sentence and not an address. */
const TRAILING = ".,:;!?*_])}";
const WORD = /[\p{L}\p{N}_]/u;
/** What may begin something else than text. */
const STARTS = /[`*_[@h]/g;

/** Read the inside of a line or paragraph. */
function parseSpans(text: string, room: Room, nesting = 0): Span[] {
  const spans: Span[] = [];
  let done = 0;
  let at = 0;
  // Marks that do not come again are not looked for again, or a text of marks would cost its length squared.
  const missing = new Set<string>();
  const closing = (mark: string, from: number): number => {
    if (missing.has(mark)) return -1;
    const found = text.indexOf(mark, from);
    if (found < 0) missing.add(mark);
    return found;
  };
  while (room.left > 0) {
    STARTS.lastIndex = at;
    const start = STARTS.exec(text)?.index ?? -1;
    if (start < 0) break;
    const found = spanAt(text, start, closing, room, nesting);
    if (found === null) {
      at = start + 1;
      continue;
    }
    if (start > done) spans.push({ kind: "text", text: text.slice(done, start) });
    spans.push(found.span);
    room.left -= 2;
    at = done = found.end;
  }
  if (done < text.length) spans.push({ kind: "text", text: text.slice(done) });
  return spans;
}

type Found = { readonly span: Span; readonly end: number } | null;
type Closing = (mark: string, from: number) => number;

function spanAt(text: string, at: number, closing: Closing, room: Room, nesting: number): Found {
  const before = text[at - 1] ?? "";
  switch (text[at]) {
    case "`": {
      const stop = closing("`", at + 1);
      const inside = text.slice(at + 1, stop);
      return stop > at + 1 && !inside.includes("\n") ? { span: { kind: "code", text: inside }, end: stop + 1 } : null;
    }
    case "[":
      return bracketed(text, at);
    case "@": {
      MENTION.lastIndex = at;
      const name = MENTION.exec(text)?.[1]?.replace(/\.+$/, "");
      return name ? { span: { kind: "mention", user: name }, end: at + 1 + name.length } : null;
    }
    case "h":
      return WORD.test(before) ? null : address(text, at);
    default:
      return nesting < MAX_NESTING ? emphasis(text, at, before, closing, room, nesting) : null;
  }
}

function bracketed(text: string, at: number): Found {
  PANEL.lastIndex = at;
  const panel = PANEL.exec(text);
  if (panel) return { span: { kind: "panel", title: panel[1] ?? "" }, end: PANEL.lastIndex };
  LINK.lastIndex = at;
  const link = LINK.exec(text);
  const url = link && safeUrl(link[2] ?? "");
  return url ? { span: { kind: "link", url, text: link[1] ?? "" }, end: LINK.lastIndex } : null;
}

function address(text: string, at: number): Found {
  ADDRESS.lastIndex = at;
  const whole = ADDRESS.exec(text)?.[0];
  if (!whole) return null;
  let stop = whole.length;
  while (TRAILING.includes(whole[stop - 1] ?? " ")) stop--;
  let shown = whole.slice(0, stop);
  // An address may end with a bracket that it has opened itself.
  if (whole[stop] === ")" && shown.split("(").length > shown.split(")").length) shown += ")";
  const url = safeUrl(shown);
  // One that nobody may follow is text as a whole: no other begins in it.
  return { span: url ? { kind: "link", url, text: shown } : { kind: "text", text: shown }, end: at + shown.length };
}

function emphasis(text: string, at: number, before: string, closing: Closing, room: Room, nesting: number): Found {
  const one = text[at] ?? "";
  const bold = text.startsWith("**", at);
  const mark = bold ? "**" : one;
  if (!bold && (before === one || WORD.test(before))) return null;
  const stop = closing(mark, at + mark.length);
  const inside = stop < 0 ? "" : text.slice(at + mark.length, stop);
  // Marks with space inside, or of a word such as snake_case, are no emphasis.
  if (inside === "" || inside.trim() !== inside || inside.includes("\n\n")) return null;
  const behind = text[stop + mark.length] ?? "";
  if (!bold && (behind === one || WORD.test(behind) || inside.startsWith(one))) return null;
  return { span: { kind: bold ? "bold" : "italic", spans: parseSpans(inside, room, nesting + 1) }, end: stop + mark.length };
}

/** Longer, with a port, is no host; to read one that is much longer takes the browser its length squared. */
const MAX_HOST = 260;

/** An address that a person can follow; none that hides where it leads. */
function safeUrl(text: string): URL | null {
  if ((text.split(/[/\\?#]+/, 2)[1] ?? "").length > MAX_HOST) return null;
  try {
    const url = new URL(text);
    // An address to write to and no more: no subject, text or further readers that somebody else has chosen.
    if (url.protocol === "mailto:") return /^[\w.+-]+@[\w-]+(\.[\w-]+)+$/.test(url.pathname) && url.search + url.hash === "" ? url : null;
    const web = url.protocol === "https:" || url.protocol === "http:";
    return web && url.hostname !== "" && url.username === "" && url.password === "" ? url : null;
  } catch {
    return null;
  }
}

/** The host of an address as it is written. */
const WRITTEN_HOST = /^https?:\/\/([^/?#\\]*)/i;

/**
 * Where a link leads, to be said beside its text; null where the text is just that address.
 *
 * Browsers read hosts in their own way: other letters become ASCII, numbers an address. So a reader has to see the
 * host that the browser reads, to its end.
 */
export function destination(url: URL, text: string): string | null {
  const same = URL.canParse(text) && new URL(text).href === url.href;
  if (url.protocol === "mailto:") return same && shownName(text) === text ? null : url.pathname;
  return same && WRITTEN_HOST.exec(shownName(text))?.[1]?.toLowerCase() === url.host ? null : url.host;
}
