// Text that somebody types into a control on a value that others set too.
//
// What is typed is never taken away: while there is a draft the hub's value waits, and what another sets meanwhile is
// told, to be taken or overwritten by a word of the one who types.

import { sameJson } from "../feeds/same.ts";
import type { Current } from "./shared_value.ts";

/** What a text stands for, or why it stands for nothing. */
export type Parsed = { readonly value: unknown } | { readonly fault: string };

export interface TypedOptions {
  readonly parse: (text: string) => Parsed;
  /** The hub's value now. */
  readonly current: () => Current;
  /** The hand types: keep the hub's value from the view. */
  readonly hold: () => void;
  /** It has ended: show the hub's value again. */
  readonly release: () => void;
  readonly set: (value: unknown) => void;
  /** Put a text back that could not be set. */
  readonly restore: (text: string) => void;
  /** The state changed. */
  readonly changed: () => void;
  /** A text that was not touched for so long is set. */
  readonly pauseMs: number;
}

export class Typed {
  /** What is typed and not set yet. */
  draft: string | null = null;
  /** What another has set since this draft was begun. */
  rival: { readonly value: unknown } | null = null;
  /** Why the draft can't be set, or "". */
  fault = "";
  #base: Current = { value: undefined, version: 0 };
  /** What was set last, to be put back if the hub refuses it. */
  #sent: { readonly text: string; readonly value: unknown } | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: TypedOptions) {}

  /** The text in the field is now this. */
  typed(text: string): void {
    const { options } = this;
    if (this.draft === null) {
      this.#base = options.current();
      options.hold();
    }
    this.draft = text;
    this.fault = "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#paused(), options.pauseMs);
    options.changed();
  }

  /** Set the draft: Enter, or a button that says so. */
  commit(): void {
    if (this.draft === null) return;
    const parsed = this.options.parse(this.draft);
    if ("fault" in parsed) {
      this.fault = parsed.fault;
      return this.options.changed();
    }
    const text = this.draft;
    this.#end();
    this.#sent = { text, value: parsed.value };
    this.options.set(parsed.value);
    this.options.release();
    this.options.changed();
  }

  /** The field lost the focus. Against what another set meanwhile a draft is set by a word only. */
  leave(): void {
    if (this.rival === null) this.commit();
  }

  /** Forget the draft and take the hub's value. */
  revert(): void {
    if (this.draft === null) return;
    this.#end();
    this.options.release();
    this.options.changed();
  }

  /** The hub's value changed. */
  incoming(mine: boolean): void {
    const { value, version } = this.options.current();
    if (this.draft === null || version === this.#base.version) return;
    if (!mine && !sameJson(value, this.#base.value) && !sameJson(value, this.rival?.value)) {
      this.rival = { value };
      this.options.changed();
    }
    this.#base = { value: this.#base.value, version };
  }

  /** The hub's answer to a set: why it failed, or "". */
  answered(reason: string): void {
    const sent = this.#sent;
    this.#sent = null;
    if (!reason || sent === null || this.draft !== null) return;
    this.typed(sent.text);
    clearTimeout(this.#timer);
    this.options.restore(sent.text);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #paused(): void {
    if (this.draft === null || this.rival !== null) return;
    // Half a number is no fault yet: that is said when the field is left.
    if ("value" in this.options.parse(this.draft)) this.commit();
  }

  #end(): void {
    clearTimeout(this.#timer);
    this.draft = this.rival = null;
    this.fault = "";
  }
}
