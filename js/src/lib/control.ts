// A card in one row around a shared value: what all controls have in common.

import type { ValueFeed } from "../connection/types.ts";
import { statusBadge } from "./badge.ts";
import { card, type Card } from "./card.ts";
import { describe, element, setText } from "./dom.ts";
import { formatClock } from "./format.ts";
import { isLive, linkToHub, type Link } from "./link.ts";
import { movedBy, nameOfSetter } from "./moved_by.ts";
import { colorsOf } from "./palette.ts";
import { quoted, type Spec } from "./options.ts";
import { Redraws } from "./redraws.ts";
import { savedFeed } from "./saved.ts";
import { markSaved } from "./saved_mark.ts";
import { SharedValue, type Current } from "./shared_value.ts";
import type { Sight } from "./sight.ts";
import { titleOf } from "./titles.ts";

/** About 30 sets a second while a hand moves. */
const SET_INTERVAL_MS = 33;

export interface ControlState {
  readonly channel: string;
  readonly link: Link<ValueFeed>;
  readonly redraws: Redraws;
}

/** What is special about a control. */
export interface ControlParts {
  /** Class of the widget, such as "rtw-slider". */
  readonly class: string;
  /** Why a value can't be shown, or not all of it, in words; "" when it can. Not asked of null: that is no value yet. */
  readonly misfit: (value: unknown) => string;
  /** Put a value, of whatever form, into the view; undefined where none is known. */
  readonly show: (value: unknown) => void;
  /** Let the hand at it, or not. */
  readonly enable: (enabled: boolean) => void;
  /** Hear that the hub has answered a set: why it failed, or "". */
  readonly answered?: (reason: string) => void;
  /** Hear that the hub's value changed, by this page or by another. */
  readonly incoming?: (mine: boolean) => void;
}

export interface Control {
  readonly view: Card;
  readonly shared: SharedValue;
  readonly title: string;
  /** The hub's value now. */
  current(): Current;
  /** Who set it, as a person is called; null where nobody is known. */
  setter(): string | null;
  /** Show what there is: call it when the view is built. */
  start(): void;
}

/** Follow the value channel of a control. */
export function openControl({ hub, channels, saved }: Spec<unknown>, sight: Sight, signal: AbortSignal): ControlState {
  const want = sight.want();
  const channel = channels.get("value") ?? "";
  const redraws = new Redraws();
  const link = linkToHub<ValueFeed>(
    hub,
    (connection, until) => {
      connection.onStatus(() => redraws.request(), until);
      return connection.value(channel, want, until);
    },
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

/** Build the card of a control. */
export function controlCard(
  el: HTMLElement,
  spec: { readonly options: { readonly title: string }; readonly problems: readonly string[] },
  { channel, link, redraws }: ControlState,
  parts: ControlParts,
  signal: AbortSignal,
): Control {
  const title = spec.options.title || titleOf(channel);
  const user = () => link.connection?.user ?? null;
  const client = () => link.connection?.client ?? null;
  const setter = () => nameOfSetter(link.feed?.by ?? null, user());
  const details = (): [string, string][] => {
    const who = setter();
    return link.feed?.by ? [["set", `${who ? `by ${who}, ` : ""}${formatClock(link.feed.by.timeMs)}`]] : [];
  };
  let isLocked = false;
  /** What was locked stays so while the hub is away. */
  const whyLocked = (): string => {
    if (link.connection?.status.phase === "live") isLocked = link.connection.denies("publish", channel);
    return isLocked ? `You can watch this, not set it: you have no right to publish on ${channel}.` : "";
  };
  const badge = statusBadge({ link, channel, showAge: false, details, locked: whyLocked, redraws }, signal);
  const by = movedBy(user, client, () => colorsOf(link.connection?.present(channel) ?? []), signal);
  badge.append(by.root);
  const view = card(el, { class: parts.class, title, badge, inline: true, problems: spec.problems }, signal);
  const locked = element("span", { class: "rtw-locked rtw-unseen" });
  view.body.classList.add("rtw-control");
  view.root.append(locked);

  let failed = "";
  let misfit = "";
  const say = () => view.notice(failed || misfit);
  const current = (): Current => ({ value: link.feed?.has ? link.feed.value : undefined, version: link.feed?.version ?? 0 });
  const shared = new SharedValue({
    send: (value) => link.feed?.set(value) ?? Promise.reject(new Error("there is no connection to the hub")),
    current,
    show: (value) => {
      const why = value === undefined || value === null ? "" : parts.misfit(value);
      misfit = why && `the value is ${quoted(value)}; ${why}`;
      say();
      parts.show(value);
    },
    failed: (reason) => {
      failed = reason && `not set: ${reason}`;
      say();
      parts.answered?.(reason);
    },
    intervalMs: SET_INTERVAL_MS,
  });

  const lock = () => {
    const why = whyLocked();
    if (locked.textContent !== why) {
      setText(locked, why);
      // Whoever tries it with the mouse is told there, too.
      view.body.title = why;
      view.root.classList.toggle("rtw--locked", why !== "");
      for (const part of view.body.querySelectorAll("input, select, button, [role=slider]")) describe(part, ...(why ? [locked] : []));
    }
    parts.enable(why === "" && link.savedAtMs === null);
  };
  let version = 0;
  const redraw = () => {
    lock();
    by.tell(link.feed?.by ?? null);
    shared.incoming();
    if (link.feed && link.feed.version !== version) {
      version = link.feed.version;
      parts.incoming?.(link.feed.by?.client === client());
    }
  };
  redraws.add(redraw, signal);
  markSaved(view.root, link, [], signal);
  signal.addEventListener("abort", () => shared.end(), { once: true });
  return { view, shared, title, current, setter, start: redraw };
}
