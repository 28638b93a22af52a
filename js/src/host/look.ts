// Light, dark, or as the system has it.

import { button, icon } from "../lib/dom.ts";
import type { Keep, Look } from "./keep.ts";

const LOOKS: readonly Look[] = ["auto", "light", "dark"];
const ICONS: Record<Look, string> = {
  auto: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
  light: "M8 5.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6zM8 1v1.6M8 13.4V15M1 8h1.6M13.4 8H15M3 3l1.2 1.2M11.8 11.8 13 13M13 3l-1.2 1.2M4.2 11.8 3 13",
  dark: "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8 5.6 5.6 0 1 0 13.2 9.6z",
};

/** Follow what was chosen; return the button that changes it. */
export function lookButton(keep: Keep, signal: AbortSignal): HTMLButtonElement {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = (): void => {
    const { look } = keep;
    document.documentElement.dataset.theme = look === "auto" ? (system.matches ? "dark" : "light") : look;
    made.replaceChildren(icon(ICONS[look]));
    made.title = look === "auto" ? "Colours: as your system has them" : `Colours: ${look}`;
    made.setAttribute("aria-label", made.title);
  };
  const made = button(
    { class: "rtw-host__tool rtw-host__look" },
    () => {
      keep.look = LOOKS[(LOOKS.indexOf(keep.look) + 1) % LOOKS.length] ?? "auto";
      apply();
    },
    signal,
  );
  system.addEventListener("change", apply, { signal });
  apply();
  return made;
}
