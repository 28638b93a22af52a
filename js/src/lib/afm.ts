// The anywidget front-end module contract, and what every widget of ours makes of it.
//
// A widget has two lifetimes: `open` runs once per model and owns data and subscriptions, `show` runs once per view
// and owns DOM. Hosts give an AbortSignal for each; one that does not gets a cleanup function back instead.

/** The part of anywidget's model proxy that widgets use. */
export interface Model {
  get(name: string): unknown;
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

export interface Lifetimes<State> {
  /** Read the spec and subscribe; must not wait for anything. */
  open(spec: unknown, signal: AbortSignal): State;
  /** Build one view. */
  show(state: State, el: HTMLElement, signal: AbortSignal): void;
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
export function liveWidget<State>({ open, show }: Lifetimes<State>): () => AnyWidget {
  return () => {
    let opened: { state: State; end: () => void } | null = null;
    const start = ({ model, signal }: InitializeProps) => {
      const life = lifetime(signal);
      opened = { state: open(model.get("spec"), life.signal), end: life.end };
      return opened;
    };
    return {
      initialize: (props) => start(props).end,
      render: (props) => {
        // A host without `initialize` still shows the widget; data then lives as long as the view.
        const { state } = opened ?? start(props);
        const life = lifetime(props.signal);
        show(state, props.el, life.signal);
        return life.end;
      },
    };
  };
}
