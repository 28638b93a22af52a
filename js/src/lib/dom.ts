// Building DOM from code: text goes in as text, attributes come from us only.

export interface ElementOptions {
  readonly class?: string;
  readonly text?: string;
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
  if (options.text !== undefined) made.textContent = options.text;
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

/** Let others say more of an element, without ids, where the browser can. */
export function describe(target: Element, ...by: Element[]): void {
  const described = target as { ariaDescribedByElements?: Element[] | null };
  if ("ariaDescribedByElements" in described) described.ariaDescribedByElements = by;
}

/** Set text only where it differs: the same text again would still cost a layout. */
export function setText(target: Node, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
