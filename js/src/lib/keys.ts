// Keys a widget keeps from its host. Hosts have shortcuts on plain keys; what a widget has no use for is theirs.

/** What is read of a keyboard event. */
export interface Press {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
}

const MOVES = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);
const PRESSES = new Set([" ", "Enter"]);
const EDITS = new Set(["a", "c", "v", "x", "y", "z", "enter", "backspace", "delete"]);

const bare = ({ ctrlKey, metaKey, altKey, shiftKey }: Press) => !(ctrlKey || metaKey || altKey || shiftKey);

/** Keys that move a slider. */
export function movingKey(press: Press): boolean {
  return bare(press) && MOVES.has(press.key);
}

/** Keys that read a chart. */
export function readingKey(press: Press): boolean {
  return bare(press) && (MOVES.has(press.key) || press.key === "Escape");
}

/** Keys that scroll a list and press its buttons. */
export function listKey(press: Press): boolean {
  return bare(press) && (MOVES.has(press.key) || PRESSES.has(press.key));
}

/** Keys of a menu. */
export function menuKey(press: Press): boolean {
  return listKey(press) || (bare(press) && press.key === "Escape");
}

/** Keys of a list of rows with something to do at each. */
export function rowKey(press: Press): boolean {
  return menuKey(press) || (bare(press) && (press.key === "r" || press.key === "e"));
}

/** Keys of the handles that arrange panels. */
export function editingKey({ key, ctrlKey, metaKey, altKey }: Press): boolean {
  return !(ctrlKey || metaKey || altKey) && (MOVES.has(key) || PRESSES.has(key) || key === "Delete" || key === "Backspace" || key === "Escape");
}

/** Keys of a text box: what types, and the shortcuts that edit. */
export function typingKey(press: Press): boolean {
  if (press.ctrlKey || press.metaKey) return MOVES.has(press.key) || EDITS.has(press.key.toLowerCase());
  return !/^F\d+$/.test(press.key);
}

/**
 * Keep these keys, pressed in an element, from the host.
 *
 * JupyterLab hears keys at the document, in the capture phase with some settings, where it only heeds the attribute
 * data-lm-suppress-shortcuts; the window hears them before it. Other hosts listen in the bubble phase.
 */
export function ownKeys(el: HTMLElement, owned: (press: Press) => boolean, signal: AbortSignal): void {
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.composedPath().includes(el)) el.toggleAttribute("data-lm-suppress-shortcuts", owned(event));
    },
    { signal, capture: true },
  );
  el.addEventListener("keydown", (event) => owned(event) && event.stopPropagation(), { signal });
}
