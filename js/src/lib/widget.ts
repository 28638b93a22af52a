// One widget: its kind, the channels it needs, its options, and its two lifetimes.

import { liveWidget, type LiveFrontEnd } from "./afm.ts";
import { card } from "./card.ts";
import { readSpec, type BadSpec, type Readers, type Spec } from "./options.ts";
import { readSaved } from "./saved.ts";
import { Sight } from "./sight.ts";

export interface Definition<Options, State> {
  readonly kind: string;
  /** Roles of the channels the spec must name. */
  readonly channels: readonly string[];
  readonly options: Readers<Options>;
  /** Subscribe and collect data, once per model. */
  open(spec: Spec<Options>, sight: Sight, signal: AbortSignal): State;
  /** Build one view. */
  show(spec: Spec<Options>, state: State, el: HTMLElement, signal: AbortSignal): void;
  /**
   * What to keep for a page without a hub: by role what the hub would tell a late joiner, at a share of its usual
   * size; null while it is not live. `open` finds it in `spec.saved`.
   */
  picture?(spec: Spec<Options>, state: State, share: number): Readonly<Record<string, unknown>> | null;
  /** How large that may be as JSON; 12,000 characters by default. */
  readonly pictureChars?: number;
}

/** A kind of widget, whatever its options: each call makes the front end of one model. */
export interface WidgetKind {
  (): LiveFrontEnd;
  readonly kind: string;
}

type Opened<Options, State> = BadSpec | { readonly spec: Spec<Options>; readonly state: State; readonly sight: Sight };

/** The default export of a widget module. A spec that can't be shown is said in the widget's place. */
export function defineWidget<Options, State>(definition: Definition<Options, State>): WidgetKind {
  const make = liveWidget<Opened<Options, State>>({
    open(raw, signal, saved) {
      const spec = readSpec(raw, definition.kind, definition.channels, definition.options, readSaved(saved));
      if ("fault" in spec) return spec;
      const sight = new Sight();
      return { spec, state: definition.open(spec, sight, signal), sight };
    },
    show(opened, el, signal) {
      if ("fault" in opened) {
        card(el, { class: "rtw-fault", title: "", badge: null, problems: [opened.fault] }, signal);
      } else {
        definition.show(opened.spec, opened.state, el, signal);
        opened.sight.add(el, signal);
      }
    },
    picture: (opened, share) => ("fault" in opened ? null : (definition.picture?.(opened.spec, opened.state, share) ?? null)),
    ...(definition.pictureChars === undefined ? {} : { pictureChars: definition.pictureChars }),
  });
  return Object.assign(make, { kind: definition.kind });
}
