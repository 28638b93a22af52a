// A message's text as DOM: the small markup as elements of our own making, everything else as text.

import { parts } from "./cut.ts";
import { button, element, icon, inParts } from "./dom.ts";
import { destination, parseMarkdown, type Block, type Span } from "./markdown.ts";
import { shownName } from "./names.ts";
import { quoted } from "./options.ts";

export interface TextContext {
  readonly me: string | null;
  /** The name a user goes by here; null for nobody that is known. */
  nameOf(user: string): string | null;
  /** Show the panel of this title; null where there are no panels. */
  readonly showPanel: ((title: string) => boolean) | null;
  readonly signal: AbortSignal;
}

const COPY = "M5.5 5.5h7.5v7.5H5.5zM10.5 5.5V3H3v7.5h2.5";

/** Fill an element with a message's text. */
export function fillText(into: HTMLElement, text: string, context: TextContext): void {
  const blocks = parseMarkdown(text);
  const only = blocks.length === 1 && blocks[0]?.kind === "paragraph" ? blocks[0] : null;
  into.replaceChildren(...(only ? spanNodes(only.spans, context) : blocks.map((block) => blockNode(block, context))));
}

function blockNode(block: Block, context: TextContext): HTMLElement {
  switch (block.kind) {
    case "code":
      return codeNode(block.text, block.language, context.signal);
    case "list": {
      const items = block.items.map(({ depth, mark, spans }) => {
        const shown = element("span", { class: "rtw-chat__mark", text: mark });
        const item = element("div", { class: "rtw-chat__item", role: "listitem" }, shown, element("span", {}, ...spanNodes(spans, context)));
        item.style.setProperty("--depth", String(depth));
        return item;
      });
      return element("div", { class: "rtw-chat__list", role: "list" }, ...items);
    }
    case "quote":
      return element("blockquote", { class: "rtw-chat__said-by-others" }, ...spanNodes(block.spans, context));
    default:
      return element("div", { class: "rtw-chat__paragraph" }, ...spanNodes(block.spans, context));
  }
}

/** Code with a button that copies it. */
export function codeNode(text: string, language: string, signal: AbortSignal): HTMLElement {
  // In parts that keep its lines whole: a place for a break is one here, too.
  const [first = "", ...others] = parts(text);
  const code = element("code", { class: "rtw-chat__code" }, first, ...others.map((part) => element("bdi", {}, part)));
  code.tabIndex = 0;
  const copy = button({ class: "rtw-chat__copy", label: "Copy code" }, () => void copyText(text, code).then((done) => say(done)), signal);
  const word = element("span", { text: "Copy" });
  copy.append(icon(COPY), word);
  const say = (done: boolean) => {
    word.textContent = done ? "Copied" : "Press Ctrl+C";
    setTimeout(() => (word.textContent = "Copy"), 1_500);
  };
  const head = element("div", { class: "rtw-chat__code-head" }, element("span", { text: language }), copy);
  return element("div", { class: "rtw-chat__code-block" }, head, code);
}

async function copyText(text: string, shown: HTMLElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Pages without TLS have no clipboard: what is selected the reader can copy.
    getSelection()?.selectAllChildren(shown);
    return false;
  }
}

function spanNodes(spans: readonly Span[], context: TextContext): (Node | string)[] {
  return spans.flatMap((span) => spanNode(span, context));
}

function spanNode(span: Span, context: TextContext): (Node | string)[] {
  switch (span.kind) {
    case "text":
      return [inParts(span.text)];
    case "code":
      return [element("code", { class: "rtw-chat__inline-code", prose: span.text })];
    case "bold":
      return [element("strong", {}, ...spanNodes(span.spans, context))];
    case "italic":
      return [element("em", {}, ...spanNodes(span.spans, context))];
    case "link":
      return linkNodes(span.url, span.text);
    case "mention": {
      const name = context.nameOf(span.user);
      if (name === null) return [`@${span.user}`];
      const mine = span.user === context.me;
      const made = element("span", { class: `rtw-chat__mention${mine ? " rtw-chat__mention--me" : ""}`, text: `@${name}` });
      made.title = span.user;
      return [made];
    }
    case "panel":
      return [panelNode(span.title, context)];
  }
}

/** A link that opens beside the page, and says where it leads when its text does not. */
function linkNodes(url: URL, text: string): Node[] {
  const link = element("a", { class: "rtw-chat__link", text: shownName(text) });
  link.href = url.href;
  link.target = "_blank";
  link.rel = "noopener noreferrer nofollow";
  link.title = url.href;
  const leadsTo = destination(url, text);
  return leadsTo === null ? [link] : [link, element("span", { class: "rtw-chat__host", text: ` (${leadsTo})` })];
}

function panelNode(title: string, { showPanel, signal }: TextContext): Node {
  const written = `[[${title}]]`;
  if (!showPanel) return document.createTextNode(written);
  const link = button({ class: "rtw-chat__panel-link", text: title }, () => {
    if (!showPanel(title)) link.title = `there is no panel ${quoted(title)} here`;
  }, signal);
  link.title = `Show the panel ${quoted(title)}`;
  return link;
}
