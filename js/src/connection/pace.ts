// Telling of what changes often: at once, and then no sooner than after a while.

/** Runs what it is given; while it waits, only the last of it. */
export type Pace = (run: () => void) => void;

export function paced(pauseMs: number): Pace {
  let waiting = false;
  let next: (() => void) | null = null;
  const pace: Pace = (run) => {
    if (waiting) {
      next = run;
      return;
    }
    waiting = true;
    setTimeout(() => {
      waiting = false;
      const last = next;
      next = null;
      if (last) pace(last);
    }, pauseMs);
    run();
  };
  return pace;
}
