// A card in one row around a shared value: what sliders and toggles have in common.

import type { ValueFeed } from "../connection/types.ts";
import { statusBadge } from "./badge.ts";
import { card, type Card } from "./card.ts";
import { isLive, linkToHub, type Link } from "./link.ts";
import { Redraws } from "./redraws.ts";
import { savedFeed } from "./saved.ts";
import { SharedValue } from "./shared_value.ts";
import type { Sight } from "./sight.ts";
import { shortName } from "./titles.ts";
import { quoted, type Spec } from "./options.ts";

/** About 30 sets a second while a hand moves. */
const SET_INTERVAL_MS = 33;

export interface ControlState {
  readonly channel: string;
  readonly link: Link<ValueFeed>;
  readonly redraws: Redraws;
}

export interface Control {
  readonly view: Card;
  readonly shared: SharedValue;
  readonly title: string;
}

/** Follow the value channel of a control. */
export function openControl({ hub, channels, saved }: Spec<unknown>, sight: Sight, signal: AbortSignal): ControlState {
  const want = sight.want();
  const channel = channels.get("value") ?? "";
  const redraws = new Redraws();
  const link = linkToHub<ValueFeed>(
    hub,
    (connection, until) => connection.value(channel, want, until),
    (feed, until) => {
      feed.onChange(() => redraws.request(), until);
      feed.onStatus(() => redraws.request(), until);
      redraws.request();
    },
    signal,
    savedFeed(saved, "value", "value", channel),
  );
  return { channel, link, redraws };
}

/** What to keep of a control. */
export function pictureOfControl(_spec: unknown, { link }: ControlState): Readonly<Record<string, unknown>> | null {
  return isLive(link) && link.feed?.has ? { value: { value: link.feed.value } } : null;
}

/** What a control can show. */
export interface Range {
  readonly type: "number" | "boolean";
  /** Said of another value. */
  readonly says: string;
}

/** Build the card of a control; `show` puts a value (undefined: not known) into the view. */
export function controlCard(
  el: HTMLElement,
  className: string,
  title: string,
  problems: readonly string[],
  state: ControlState,
  range: Range,
  show: (value: unknown) => void,
  signal: AbortSignal,
): Control {
  const { channel, link, redraws } = state;
  const shownTitle = title || shortName(channel);
  const badge = statusBadge({ link, channel, showAge: false }, signal);
  const view = card(el, { class: className, title: shownTitle, badge, inline: true, problems }, signal);
  let failed = "";
  let misfit = "";
  const say = () => view.notice(failed || misfit);
  const shared = new SharedValue({
    send: (value) => link.feed?.set(value) ?? Promise.reject(new Error("there is no connection to the hub")),
    current: () => (link.feed?.has ? link.feed.value : undefined),
    show: (value) => {
      misfit = value === undefined || value === null || typeof value === range.type ? "" : `the value is ${quoted(value)}; ${range.says}`;
      say();
      show(value);
    },
    failed: (reason) => {
      failed = reason && `not set: ${reason}`;
      say();
    },
    intervalMs: SET_INTERVAL_MS,
  });
  redraws.add(() => shared.incoming(), signal);
  signal.addEventListener("abort", () => shared.end(), { once: true });
  return { view, shared, title: shownTitle };
}
