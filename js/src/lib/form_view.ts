// The fields of a form as elements: one for each, with its label, its help and what is wrong with it.

import { textOf } from "./cells.ts";
import { button, describe, element, setText } from "./dom.ts";
import { firstEntry, type Entry, type Field, type Scalar } from "./form_fields.ts";
import { ownKeys, typingKey } from "./keys.ts";

export interface FieldView {
  readonly field: Field;
  readonly root: HTMLElement;
  show(entry: Entry): void;
  /** Say what is wrong, or "" when nothing is. */
  fault(text: string): void;
  focus(): void;
}

type Input = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

const INPUT_TYPES: Readonly<Record<Scalar, string>> = { text: "text", integer: "text", number: "text", date: "date", datetime: "datetime-local", time: "time" };
/** A list of more choices is a list to choose from anyway; of fewer all are seen at once. */
const LIST_ROWS = 3;

/** Build a field; `onEntry` hears what somebody puts in. */
export function fieldView(field: Field, onEntry: (entry: Entry) => void, signal: AbortSignal): FieldView {
  const input = inputOf(field);
  const help = element("div", { class: "rtw-field__help", prose: field.help, hidden: field.help === "" });
  const fault = element("div", { class: "rtw-field__fault", role: "alert", hidden: true });
  const mark = element("span", { class: "rtw-field__mark", text: field.required && field.control !== "checkbox" ? " *" : "" });
  mark.setAttribute("aria-hidden", "true");
  const name = element("span", { class: "rtw-field__name", text: field.label }, mark);
  const isTick = field.control === "checkbox";
  const label = element("label", { class: "rtw-field__label" }, ...(isTick ? [input, name] : [name, input]));
  const root = element("div", { class: `rtw-field rtw-field--${field.control}` }, label, help, fault);
  if (field.required) input.setAttribute("aria-required", "true");
  describe(input, help, fault);
  input.addEventListener("input", () => onEntry(entryOf(input)), { signal });
  input.addEventListener("change", () => onEntry(entryOf(input)), { signal });
  ownKeys(input, typingKey, signal);
  return {
    field,
    root,
    show: (entry) => put(input, entry),
    fault(text) {
      fault.hidden = text === "";
      setText(fault, text);
      root.classList.toggle("rtw-field--bad", text !== "");
      if (text) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    },
    focus: () => input.focus(),
  };
}

/** A button that puts every field back to what it was at first. */
export function resetButton(onReset: () => void, signal: AbortSignal): HTMLButtonElement {
  const made = button({ class: "rtw-form__reset", text: "Reset" }, onReset, signal);
  made.title = "Put every field back";
  return made;
}

function inputOf(field: Field): Input {
  switch (field.control) {
    case "checkbox": {
      const tick = element("input", { class: "rtw-field__tick" });
      tick.type = "checkbox";
      return tick;
    }
    case "choice": {
      const select = element("select", { class: "rtw-field__input" });
      if (field.nullable || firstEntry(field) === "") select.append(option("", field.nullable && !field.required ? "–" : "choose…"));
      field.choices.forEach((choice, i) => select.append(option(String(i), choiceText(choice))));
      return select;
    }
    case "list":
    case "json": {
      const area = element("textarea", { class: "rtw-field__input" });
      area.rows = LIST_ROWS;
      area.placeholder = field.control === "list" ? "one in each line" : "JSON";
      area.spellcheck = false;
      return area;
    }
    default: {
      const input = element("input", { class: "rtw-field__input" });
      input.type = INPUT_TYPES[field.control];
      input.autocomplete = "off";
      input.spellcheck = false;
      if (field.control === "integer") input.inputMode = "numeric";
      if (field.control === "number") input.inputMode = "decimal";
      // Seconds are shown where the browser asks for them only.
      if (field.control === "time") input.step = "1";
      return input;
    }
  }
}

function option(value: string, text: string): HTMLOptionElement {
  const made = element("option", { text });
  made.value = value;
  return made;
}

function choiceText(choice: unknown): string {
  if (typeof choice === "boolean") return choice ? "yes" : "no";
  if (choice === null) return "–";
  return textOf(choice);
}

function entryOf(input: Input): Entry {
  return input instanceof HTMLInputElement && input.type === "checkbox" ? input.checked : input.value;
}

function put(input: Input, entry: Entry): void {
  if (input instanceof HTMLInputElement && input.type === "checkbox") input.checked = entry === true;
  else if (typeof entry === "string" && input.value !== entry) input.value = entry;
}
