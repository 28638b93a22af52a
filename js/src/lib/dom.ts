// Building DOM from code: text goes in as text, attributes come from us only.

import { cut, MAX_LINE, MAX_PROSE, parts } from "./cut.ts";
import { piecesOf } from "./names.ts";

export interface ElementOptions {
  readonly class?: string;
  /** A label, a name, a line: of a longer text its beginning. */
  readonly text?: string;
  /** A text that is there to be read. */
  readonly prose?: string;
  readonly role?: string;
  readonly label?: string;
  readonly hidden?: boolean;
}

/** Make an element with children. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  options: ElementOptions = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (options.class) made.className = options.class;
  if (options.text !== undefined) setText(made, options.text);
  if (options.prose !== undefined) setProse(made, options.prose);
  if (options.role) made.setAttribute("role", options.role);
  if (options.label) made.setAttribute("aria-label", options.label);
  if (options.hidden) made.hidden = true;
  made.append(...children);
  return made;
}

/** A button that submits nothing. */
export function button(options: ElementOptions, onClick: (event: MouseEvent) => void, signal: AbortSignal): HTMLButtonElement {
  const made = element("button", options);
  made.type = "button";
  made.addEventListener("click", onClick, { signal });
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

/** A line icon on a 16 × 16 grid, in the colour of the text around it. */
export function icon(path: string): SVGSVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("class", "rtw-icon");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS(SVG, "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

/** What has the focus in the document or shadow tree that an element is in. */
export function focusAround(el: Node): Element | null {
  return (el.getRootNode() as Partial<DocumentOrShadowRoot>).activeElement ?? null;
}

/** Set a text with names in it, of which a lack of room cuts everything but the marks of guests. */
export function setNames(target: HTMLElement, text: string): void {
  const shown = cut(text, MAX_LINE);
  if (target.textContent === shown) return;
  target.classList.add("rtw-names");
  target.replaceChildren(...piecesOf(shown).map(({ text: piece, isMark }) => element("span", { class: isMark ? "rtw-names__guest" : "rtw-names__text", text: piece })));
}

/** Make an element with such a text. */
export function names(className: string, text: string): HTMLElement {
  const made = element("span", { class: className });
  setNames(made, text);
  return made;
}

/** Let others say more of an element, without ids, where the browser can. */
export function describe(target: Element, ...by: Element[]): void {
  const described = target as { ariaDescribedByElements?: Element[] | null };
  if ("ariaDescribedByElements" in described) described.ariaDescribedByElements = by;
}

/** Set a label, a name or a line, only where it differs: the same text again would still cost a layout. */
export function setText(target: Element, text: string): void {
  const shown = cut(text, MAX_LINE);
  if (target.textContent !== shown) target.textContent = shown;
}

/** Set a text that is there to be read, and that wraps. */
export function setProse(target: Element, text: string): void {
  const shown = cut(text, MAX_PROSE);
  if (target.textContent !== shown) target.replaceChildren(inParts(shown));
}

/** A text, or where it runs on without a space an element that a page lays out in parts: lines may end between them. */
export function inParts(text: string): HTMLElement | string {
  const [first = "", ...others] = parts(text);
  if (others.length === 0) return first;
  // In one element, as each part were an item of its own in a flexible box.
  return element("span", {}, first, ...others.flatMap((part) => [element("wbr"), part]));
}
