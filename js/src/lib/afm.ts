// The anywidget front-end module contract, and what every widget of ours makes of it.
//
// A widget has two lifetimes: `open` runs once per model and owns data and subscriptions, `show` runs once per view
// and owns DOM. Hosts give an AbortSignal for each; one that does not gets a cleanup function back instead.

import { keepSaved, PICTURE_CHARS } from "./keep_saved.ts";

/** The part of anywidget's model proxy that widgets use. */
export interface Model {
  get(name: string): unknown;
  /** Missing where nothing is kept. */
  set?(name: string, value: unknown): void;
}

export interface InitializeProps {
  readonly model: Model;
  readonly signal?: AbortSignal;
}

export interface RenderProps extends InitializeProps {
  readonly el: HTMLElement;
}

export interface AnyWidget {
  initialize(props: InitializeProps): () => void;
  render(props: RenderProps): () => void;
}

/** One of ours, which can be asked how it looks. */
export interface LiveFrontEnd extends AnyWidget {
  /** What `open` takes as `saved`, made now; null while there is nothing to keep. */
  picture(share: number): Readonly<Record<string, unknown>> | null;
}

export interface Lifetimes<State> {
  /** Read the spec and subscribe; must not wait for anything. `saved` is what an earlier page kept. */
  open(spec: unknown, signal: AbortSignal, saved: unknown): State;
  /** Build one view. */
  show(state: State, el: HTMLElement, signal: AbortSignal): void;
  /** What to keep, at a share of its usual size; null for nothing. */
  picture?(state: State, share: number): Readonly<Record<string, unknown>> | null;
  /** How large that may be as JSON. */
  readonly pictureChars?: number;
}

/** A signal that ends with the host's signal, if there is one, or with the returned `end`. */
function lifetime(signal: AbortSignal | undefined): { signal: AbortSignal; end: () => void } {
  const controller = new AbortController();
  const end = () => controller.abort();
  if (signal?.aborted) end();
  else signal?.addEventListener("abort", end, { once: true, signal: controller.signal });
  return { signal: controller.signal, end };
}

/** Called once per model, so that both functions share its state. */
export function liveWidget<State>({ open, show, picture, pictureChars = PICTURE_CHARS }: Lifetimes<State>): () => LiveFrontEnd {
  return () => {
    let opened: { state: State; end: () => void } | null = null;
    let views = 0;
    const start = ({ model, signal }: InitializeProps) => {
      const life = lifetime(signal);
      const state = open(model.get("spec"), life.signal, model.get("snapshot"));
      opened = { state, end: life.end };
      if (picture) keepSaved(model, () => views > 0, (share) => picture(state, share), pictureChars, life.signal);
      return opened;
    };
    return {
      picture: (share) => (opened && picture ? picture(opened.state, share) : null),
      initialize: (props) => start(props).end,
      render: (props) => {
        // A host without `initialize` still shows the widget; data then lives as long as the view.
        const { state } = opened ?? start(props);
        const life = lifetime(props.signal);
        views++;
        life.signal.addEventListener("abort", () => views--, { once: true });
        show(state, props.el, life.signal);
        return life.end;
      },
    };
  };
}
