// Messages that are on their way, or that the hub has refused.

import { button, element } from "./dom.ts";
import type { Outgoing } from "./outbox.ts";

export interface OutgoingContext {
  /** Whether there is a connection: what waits for one says so. */
  readonly isLive: boolean;
  retry(item: Outgoing): void;
  discard(item: Outgoing): void;
}

export function buildOutgoing(item: Outgoing, { isLive, retry, discard }: OutgoingContext, signal: AbortSignal): HTMLElement {
  const made = element("div", { class: "rtw-chat__pending" });
  // A change of another message is shown when it fails only.
  if (item.saying) made.append(element("div", { class: "rtw-chat__text", prose: item.saying.text }));
  if (item.failure === null) {
    if (!item.saying) made.hidden = true;
    made.append(element("span", { class: "rtw-chat__state", text: isLive ? "sending…" : "waits for the connection" }));
    return made;
  }
  made.classList.add("rtw-chat__pending--failed");
  made.append(
    element("span", { class: "rtw-chat__why", text: `${item.saying ? "not sent" : "not done"}: ${item.failure}` }),
    button({ class: "rtw-chat__again", text: item.saying ? "Send again" : "Try again" }, () => retry(item), signal),
    button({ class: "rtw-chat__again", text: "Discard" }, () => discard(item), signal),
  );
  return made;
}
