// Button: calls a command, and says how far it is and what came of it.

import { LOCK, statusBadge } from "../lib/badge.ts";
import { card } from "../lib/card.ts";
import { COMMAND_CHANNELS, CommandLink, commandPicture } from "../lib/command_link.ts";
import { button, describe, element, icon, setText } from "../lib/dom.ts";
import { record, text, timeoutMs } from "../lib/options.ts";
import { Redraws } from "../lib/redraws.ts";
import { endingText, othersView, runLine } from "../lib/run_view.ts";
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
  readonly link: CommandLink;
  readonly redraws: Redraws;
}

const RESULT_SHOWN_MS = 5000;

export default defineWidget<Options, State>({
  kind: "button",
  channels: COMMAND_CHANNELS,
  options: { title: text(""), command: text(""), args: record(), timeout_ms: timeoutMs(30_000) },

  open(spec, sight, signal) {
    const redraws = new Redraws();
    const link = new CommandLink(spec, sight, redraws, signal);
    return { channel: spec.channels.get("commands") ?? "", link, redraws };
  },

  show({ options, problems }, { channel, link, redraws }, el, signal) {
    const name = options.title || options.command;
    const details = (): [string, string][] => (link.whyNot && !link.locked ? [["now", link.whyNot]] : []);
    const badge = statusBadge({ link: link.catalogue, channel, showAge: false, details, locked: () => link.locked, redraws }, signal);
    const view = card(el, { class: "rtw-button", title: "", badge, inline: true, problems }, signal);
    const ring = element("span", { class: "rtw-ring", hidden: true });
    const press = button({ class: "rtw-press" }, () => void link.start({ ...options.args }, options.timeout_ms), signal);
    const lock = element("span", { class: "rtw-status__lock", hidden: true }, icon(LOCK));
    press.append(ring, lock, element("span", { class: "rtw-press__name", text: name }));
    const stop = (run: Parameters<CommandLink["cancel"]>[0]) => void link.cancel(run);
    const own = runLine(name, stop, signal);
    const others = othersView(name, stop, signal);
    const outcome = element("span", { class: "rtw-button__outcome", role: "status" });
    describe(press, outcome);
    view.body.append(press, element("div", { class: "rtw-button__state" }, own.root, outcome, others.root));
    markSaved(view.root, link.catalogue, [], signal);
    let timer: ReturnType<typeof setTimeout> | undefined;
    let ended = link.ending;

    const refresh = () => {
      const why = link.whyNot;
      const run = link.own;
      const wasOnPress = document.activeElement === press;
      const wasOnStop = own.root.contains(document.activeElement);
      press.disabled = run !== null || why !== null;
      press.setAttribute("aria-busy", String(run !== null));
      ring.hidden = own.root.hidden = run === null;
      if (run) {
        own.show(run);
        ring.classList.toggle("rtw-ring--unknown", run.fraction === null);
        if (run.fraction === null) ring.style.removeProperty("--rtw-ring");
        else ring.style.setProperty("--rtw-ring", String(run.fraction));
      }
      // Who pressed with the keyboard can stop it with the next press, and then press again.
      if (run && wasOnPress) own.root.querySelector("button")?.focus();
      if (!run && wasOnStop) press.focus();
      if (link.ending !== ended) {
        ended = link.ending;
        clearTimeout(timer);
        if (ended?.state === "done") timer = setTimeout(() => ((ended = null), refresh()), RESULT_SHOWN_MS);
      }
      // What went wrong stays until the next press: whoever looked away must still see it.
      const { text, tone } = run ? { text: "", tone: "" } : ended && ended === link.ending ? endingText(ended) : { text: why ?? "", tone: "" };
      const isLocked = link.locked !== "";
      view.root.classList.toggle("rtw--locked", isLocked);
      lock.hidden = !isLocked;
      press.title = link.locked;
      // Beside the lock there is no room for it; the lock says it when asked.
      outcome.classList.toggle("rtw-unseen", isLocked);
      outcome.hidden = text === "";
      setText(outcome, text);
      outcome.title = text;
      outcome.dataset.tone = tone;
      others.show(link.others, link.mayCall);
    };
    redraws.add(refresh, signal);
    signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
    refresh();
  },

  picture: (_, { link }) => commandPicture(link),
});
