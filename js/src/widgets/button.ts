// Button: calls a command, and says what came of it.

import type { CallError, TableFeed } from "../connection/types.ts";
import { statusBadge } from "../lib/badge.ts";
import { card } from "../lib/card.ts";
import { button, element, setText } from "../lib/dom.ts";
import { formatCell } from "../lib/format.ts";
import { isLive, linkToHub, type Link } from "../lib/link.ts";
import { number, record, text } from "../lib/options.ts";
import { Redraws } from "../lib/redraws.ts";
import { readiness } from "../lib/readiness.ts";
import { savedFeed } from "../lib/saved.ts";
import { markSaved } from "../lib/saved_mark.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly title: string;
  readonly command: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly timeout_ms: number;
}

interface State {
  readonly channel: string;
  readonly link: Link<TableFeed>;
  readonly redraws: Redraws;
}

const RESULT_SHOWN_MS = 5000;
/** The protocol's code for a handler that did not answer in time. */
const DEADLINE = 1002;

export default defineWidget<Options, State>({
  kind: "button",
  channels: ["commands"],
  options: { title: text(""), command: text(""), args: record(), timeout_ms: number(30_000) },

  open({ hub, channels, saved }, sight, signal) {
    const want = sight.want();
    const channel = channels.get("commands") ?? "";
    const redraws = new Redraws();
    const link = linkToHub<TableFeed>(
      hub,
      (connection, until) => {
        connection.onStatus(() => redraws.request(), until);
        return connection.table(channel, want, until);
      },
      (feed, until) => {
        feed.onChange(() => redraws.request(), until);
        feed.onStatus(() => redraws.request(), until);
        redraws.request();
      },
      signal,
      savedFeed(saved, "commands", "table", channel),
    );
    link.onChange(() => redraws.request(), signal);
    return { channel, link, redraws };
  },

  show({ options, problems }, { channel, link, redraws }, el, signal) {
    const badge = statusBadge({ link, channel, showAge: false }, signal);
    const view = card(el, { class: "rtw-button", title: "", badge, inline: true, problems }, signal);
    const label = element("span", { text: options.title || options.command });
    const outcome = element("span", { class: "rtw-button__outcome", role: "status" });
    let busy = false;
    let timer: ReturnType<typeof setTimeout> | undefined;

    const say = (message: string, tone: "" | "good" | "bad") => {
      setText(outcome, message);
      outcome.dataset.tone = tone;
    };
    const refresh = () => {
      // Of what was saved the badge says all there is to say.
      const why = link.savedAtMs === null ? readiness(options.command, link.connection?.status ?? null, link.feed) : "";
      press.disabled = busy || why !== null;
      press.setAttribute("aria-busy", String(busy));
      if (!busy && outcome.dataset.tone !== "good" && outcome.dataset.tone !== "bad") say(why ?? "", "");
    };
    const call = async () => {
      if (busy) return;
      if (!link.connection) return say("not connected", "bad");
      busy = true;
      clearTimeout(timer);
      say("running…", "");
      refresh();
      try {
        const result = await link.connection.call(options.command, { ...options.args }, options.timeout_ms);
        say(result === null || result === undefined ? "done" : formatCell(result), "good");
        timer = setTimeout(() => {
          say("", "");
          refresh();
        }, RESULT_SHOWN_MS);
      } catch (error) {
        // It stays until the next press: whoever looked away must still see it.
        say(link.connection?.status.phase === "live" ? reasonOf(error, options) : messageOf(error), "bad");
      }
      busy = false;
      if (!signal.aborted) refresh();
    };
    const press = button({ class: "rtw-button__press" }, () => void call(), signal);
    press.append(element("span", { class: "rtw-button__spinner" }), label);
    view.body.append(press, outcome);
    markSaved(view.root, link, [], signal);
    redraws.add(refresh, signal);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    refresh();
  },

  picture({ options }, { link }) {
    if (!isLive(link) || !link.feed?.key) return null;
    const row = link.feed.rows.get(options.command);
    const cells = [...(row ?? [])].map(([name, cell]) => [name, [cell]] as const);
    return { commands: { key: link.feed.key, rows: Object.fromEntries(cells) } };
  },
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function reasonOf(error: unknown, { command, timeout_ms }: Options): string {
  if ((error as Partial<CallError> | null)?.code !== DEADLINE) return messageOf(error);
  return `'${command}' did not answer within ${timeout_ms / 1000} s; Button(..., timeout_s=...) waits longer`;
}
