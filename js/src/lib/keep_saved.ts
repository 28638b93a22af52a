// Keeping a small picture of a widget in its model, for whoever opens the saved notebook later.
//
// It is set and not sent: a host that saves the state of widgets takes it from the model, and no kernel is bothered.

import type { Model } from "./afm.ts";

const INTERVAL_MS = 3_000;
/** As JSON. */
export const PICTURE_CHARS = 12_000;
/** Of a picture that is too large a smaller part is tried. */
const SHARES = [1, 0.5, 0.25, 0.1, 0.02];

/** A picture of some share of its usual size; null while there is none worth keeping. */
export type TakePicture = (share: number) => Readonly<Record<string, unknown>> | null;

/** The largest picture that is small enough, with its time; null when there is none. */
export function picture(
  take: TakePicture,
  nowMs: number,
  maxChars = PICTURE_CHARS,
): { readonly at_ms: number; readonly feeds: Readonly<Record<string, unknown>> } | null {
  for (const share of SHARES) {
    const feeds = take(share);
    if (feeds === null) return null;
    if (JSON.stringify(feeds).length <= maxChars) return { at_ms: nowMs, feeds };
  }
  return null;
}

/**
 * Keep the model's picture fresh while the page is looked at, and drop it when its last view has gone: a host saves
 * what an earlier run of a cell has made, too, for as long as the kernel lives.
 */
export function keepSaved(model: Model, isShown: () => boolean, take: TakePicture, maxChars: number, signal: AbortSignal): void {
  if (typeof model.set !== "function") return;
  let kept = false;
  const keep = () => {
    if (document.visibilityState === "hidden") return;
    if (isShown()) {
      const taken = picture(take, Date.now(), maxChars);
      if (!taken) return;
      model.set?.("snapshot", taken);
      kept = true;
    } else if (kept) {
      model.set?.("snapshot", {});
      kept = false;
    }
  };
  const timer = setInterval(keep, INTERVAL_MS);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}
