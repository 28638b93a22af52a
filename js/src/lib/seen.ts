// Up to when a person has seen what a bell tells of, kept by the browser.

const PREFIX = "rtwidgets.seen.";

export interface Seen {
  readonly ms: number;
  /** Everything up to this time was seen. */
  mark(ms: number): void;
}

/** What was seen under a key; pages of one browser share it. Where the browser keeps nothing the page does. */
export function seen(key: string, changed: () => void, signal: AbortSignal): Seen {
  const name = PREFIX + key;
  const read = () => Number(storage()?.getItem(name)) || 0;
  let ms = read();
  addEventListener(
    "storage",
    (event) => {
      if (event.key !== name) return;
      ms = Math.max(ms, read());
      changed();
    },
    { signal },
  );
  return {
    get ms() {
      return ms;
    },
    mark(to) {
      if (to <= ms) return;
      ms = to;
      try {
        storage()?.setItem(name, String(to));
      } catch {
        // No room, or not allowed.
      }
      changed();
    },
  };
}

function storage(): Storage | null {
  try {
    return globalThis.localStorage ?? null;
  } catch {
    return null;
  }
}
