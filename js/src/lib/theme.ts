// Following the host's theme: whether it is dark, and when it changes.

/** Mark the root as dark or light by the host's actual colours, now and after every switch of theme. */
export function followTheme(root: HTMLElement, onChange: () => void, signal: AbortSignal): void {
  let before = "";
  const read = () => {
    if (signal.aborted) return;
    const style = getComputedStyle(root);
    const dark = luminance(style.color) > 0.5;
    root.classList.toggle("rtw--dark", dark);
    const now = `${dark} ${style.color} ${style.backgroundColor}`;
    const changed = before !== "" && now !== before;
    before = now;
    if (changed) onChange();
  };
  const timers = new Set<ReturnType<typeof setTimeout>>();
  // The attribute may change before the new theme's style sheet has arrived.
  const later = () => {
    read();
    for (const ms of [60, 300, 1200]) timers.add(setTimeout(read, ms));
  };
  const observer = new MutationObserver(later);
  for (const target of [document.documentElement, document.body]) {
    observer.observe(target, {
      attributes: true,
      attributeFilter: ["class", "style", "data-jp-theme-light", "data-jp-theme-name", "data-theme", "data-vscode-theme-id"],
    });
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", later, { signal });
  signal.addEventListener(
    "abort",
    () => {
      observer.disconnect();
      for (const timer of timers) clearTimeout(timer);
    },
    { once: true },
  );
  // The host may put the element into the document after `render`; its variables are known only then.
  requestAnimationFrame(read);
  later();
}

/** Relative brightness of a computed colour, 0 to 1. */
export function luminance(color: string): number {
  const parts = color.match(/[\d.]+/g)?.map(Number) ?? [0, 0, 0];
  const scale = color.startsWith("color(") ? 1 : 255;
  const [red = 0, green = 0, blue = 0] = parts.map((part) => part / scale);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** The value of one of our colour variables as the browser resolves it, fit for a canvas. */
export function resolvedColor(root: HTMLElement, variable: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${variable})`;
  probe.style.display = "none";
  root.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
