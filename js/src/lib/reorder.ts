// Putting elements into another order with as few moves as possible: one that is taken out and put in again loses
// its focus and where it was scrolled to.

/** Those that may stay where they are: the longest run that is in order already. */
export function staying<T>(before: readonly T[], after: readonly T[]): Set<T> {
  const rank = new Map(after.map((item, i) => [item, i]));
  const items = before.filter((item) => rank.has(item));
  const runs: T[][] = [];
  for (const item of items) {
    const at = rank.get(item) ?? 0;
    const best = runs.filter((run) => (rank.get(run.at(-1) as T) ?? 0) < at).reduce<T[]>((most, run) => (run.length > most.length ? run : most), []);
    runs.push([...best, item]);
  }
  return new Set(runs.reduce<T[]>((most, run) => (run.length > most.length ? run : most), []));
}

/** Put the children of an element into this order. */
export function reorder(parent: HTMLElement, order: readonly HTMLElement[]): void {
  const there = [...parent.children].filter((child): child is HTMLElement => order.includes(child as HTMLElement));
  const stay = staying(there, order);
  if (stay.size === order.length) return;
  const root = parent.getRootNode() as Document | ShadowRoot;
  const focused = root.activeElement as HTMLElement | null;
  let next: HTMLElement | null = null;
  for (const child of [...order].reverse()) {
    if (!stay.has(child)) {
      const scrolled = [...child.querySelectorAll("*")].filter(({ scrollTop, scrollLeft }) => scrollTop || scrollLeft).map((el) => ({ el, top: el.scrollTop, left: el.scrollLeft }));
      parent.insertBefore(child, next);
      for (const { el, top, left } of scrolled) el.scrollTo({ top, left, behavior: "instant" });
    }
    next = child;
  }
  if (focused && focused !== root.activeElement && parent.contains(focused)) focused.focus({ preventScroll: true });
}
