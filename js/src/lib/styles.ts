// The style sheet of all widgets, once per document and shadow root.

const sheets = new Map<string, CSSStyleSheet>();

/** Give the place where an element is shown, or will be, a style sheet; the second time nothing happens. */
export function adoptStyles(el: Element, css: string): void {
  let sheet = sheets.get(css);
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    sheets.set(css, sheet);
  }
  const made = sheet;
  adopt(document, made);
  const look = (): void => {
    const root = el.getRootNode();
    if (root instanceof ShadowRoot) adopt(root, made);
  };
  look();
  // A host may put the element into its place after `render`.
  if (!el.isConnected) requestAnimationFrame(look);
}

function adopt(root: DocumentOrShadowRoot, sheet: CSSStyleSheet): void {
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}
