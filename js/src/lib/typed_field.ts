// A field to type a shared value into: text, a number, a date.

import { controlCard, type Control, type ControlState } from "./control.ts";
import { MAX_TYPED } from "./cut.ts";
import { button, element, setNames, setText } from "./dom.ts";
import { ownKeys, typingKey } from "./keys.ts";
import { quoted } from "./options.ts";
import { Typed, type Parsed } from "./typed.ts";

/** A text that was not touched for so long is set. */
const PAUSE_MS = 1_000;

export interface FieldParts {
  /** Class of the widget, such as "rtw-text". */
  readonly class: string;
  readonly type: "text" | "date" | "datetime-local";
  /** What the field shows for a value; null where the value is of another form. */
  readonly spell: (value: unknown) => string | null;
  readonly parse: (text: string) => Parsed;
  /** What is said of a value of another form. */
  readonly says: string;
  /** Hear what is shown, to say it aloud in another way. */
  readonly shown?: (value: unknown) => void;
}

export interface TypedField {
  readonly control: Control;
  readonly input: HTMLInputElement;
  /** Let the hand set a value otherwise than by typing; what was typed is forgotten. */
  set(value: unknown): void;
  /** Put what belongs to the field beside it; call `control.start` after. */
  readonly row: HTMLElement;
}

/** Build the card of a control that is typed into. */
export function typedField(
  el: HTMLElement,
  spec: { readonly options: { readonly title: string }; readonly problems: readonly string[] },
  state: ControlState,
  parts: FieldParts,
  signal: AbortSignal,
): TypedField {
  const { spell } = parts;
  const input = element("input", { class: "rtw-control__field" });
  // A date field of which a part is missing says that it is empty.
  const parse = (text: string): Parsed => (text === "" && input.validity.badInput ? { fault: "it is not complete yet" } : parts.parse(text));
  input.type = parts.type;
  input.autocomplete = "off";
  input.maxLength = MAX_TYPED;
  ownKeys(input, typingKey, signal);
  const told = element("span", { class: "rtw-rival__told" });
  const mine = button({ class: "rtw-rival__do", text: "Set mine" }, () => typed.commit(), signal);
  const theirs = button({ class: "rtw-rival__do", text: "Take theirs" }, () => typed.revert(), signal);
  const rival = element("div", { class: "rtw-rival", role: "status", hidden: true }, told, element("div", { class: "rtw-rival__dos" }, mine, theirs));
  const fault = element("div", { class: "rtw-fault-line", role: "alert", hidden: true });

  const show = (value: unknown) => {
    parts.shown?.(value);
    const text = spell(value) ?? "";
    // A text that means the same stays as it was typed while the caret is in it.
    const parsed = parse(input.value);
    const isSame = input.ownerDocument.activeElement === input && "value" in parsed && spell(parsed.value) === text;
    if (input.value !== text && !isSame) input.value = text;
  };
  const control = controlCard(
    el,
    spec,
    state,
    {
      class: parts.class,
      misfit: (value) => (spell(value) === null ? parts.says : ""),
      show,
      enable: (enabled) => {
        for (const item of [input, mine, theirs]) item.disabled = !enabled;
      },
      answered: (reason) => typed.answered(reason),
      incoming: (isMine) => typed.incoming(isMine),
    },
    signal,
  );
  const typed = new Typed({
    parse,
    current: control.current,
    hold: () => control.shared.hold(),
    release: () => control.shared.release(),
    set: (value) => control.shared.set(value),
    restore: (text) => (input.value = text),
    changed: () => {
      const { draft } = typed;
      control.view.root.classList.toggle("rtw--draft", draft !== null);
      rival.hidden = typed.rival === null;
      if (typed.rival) {
        const value = typed.rival.value;
        setNames(told, `${control.setter() ?? "Somebody"} set ${quoted(spell(value) ?? value)} while you typed.`);
      }
      fault.hidden = typed.fault === "";
      setText(fault, typed.fault);
      input.setAttribute("aria-invalid", String(typed.fault !== ""));
    },
    pauseMs: PAUSE_MS,
  });
  signal.addEventListener("abort", () => typed.end(), { once: true });

  input.setAttribute("aria-label", control.title);
  input.addEventListener("input", () => typed.typed(input.value), { signal });
  input.addEventListener(
    "blur",
    () => {
      typed.leave();
      if (typed.draft === null) control.shared.incoming();
    },
    { signal },
  );
  input.addEventListener(
    "keydown",
    (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") typed.commit();
      else if (event.key === "Escape") typed.revert();
    },
    { signal },
  );
  const row = element("div", { class: "rtw-control__row" }, input);
  control.view.body.append(row);
  control.view.root.append(rival, fault);
  return {
    control,
    input,
    row,
    set(value) {
      typed.revert();
      control.shared.set(value);
    },
  };
}
