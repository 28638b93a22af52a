// Form: fields made from what a command takes, a button that calls it, and what came of that.

import { LOCK, statusBadge } from "../lib/badge.ts";
import { card } from "../lib/card.ts";
import { COMMAND_CHANNELS, CommandLink, commandPicture, schemaIn, textIn, type Ending } from "../lib/command_link.ts";
import { describe, element, icon, setProse } from "../lib/dom.ts";
import { readForm } from "../lib/form_entries.ts";
import { firstEntry, readFormSchema, type Entry } from "../lib/form_fields.ts";
import { fieldView, resetButton, type FieldView } from "../lib/form_view.ts";
import { text, timeoutMs } from "../lib/options.ts";
import { Redraws } from "../lib/redraws.ts";
import { showResult } from "../lib/result_view.ts";
import { markSaved } from "../lib/saved_mark.ts";
import { endingText, othersView, runLine } from "../lib/run_view.ts";
import { defineWidget } from "../lib/widget.ts";

interface Options {
  readonly title: string;
  readonly command: string;
  readonly timeout_ms: number;
}

interface State {
  readonly channel: string;
  readonly link: CommandLink;
  readonly redraws: Redraws;
  /** What was put in, by the field's name: the same in all views, and kept while there is none. */
  readonly entries: Map<string, Entry>;
}

export default defineWidget<Options, State>({
  kind: "form",
  channels: COMMAND_CHANNELS,
  options: { title: text(""), command: text(""), timeout_ms: timeoutMs(30_000) },

  open(spec, sight, signal) {
    const redraws = new Redraws();
    const link = new CommandLink(spec, sight, redraws, signal);
    return { channel: spec.channels.get("commands") ?? "", link, redraws, entries: new Map() };
  },

  show({ options, problems }, { channel, link, redraws, entries }, el, signal) {
    const badge = statusBadge({ link: link.catalogue, channel, showAge: false, locked: () => link.locked, redraws }, signal);
    const name = options.title || options.command;
    const view = card(el, { class: "rtw-form", title: name, badge, problems }, signal);
    const help = element("div", { class: "rtw-form__help" });
    const fields = element("fieldset", { class: "rtw-form__fields" });
    const lock = element("span", { class: "rtw-status__lock", hidden: true }, icon(LOCK));
    const submit = element("button", { class: "rtw-press rtw-form__submit" }, lock, "Run");
    submit.type = "submit";
    const form = element("form", { class: "rtw-form__form" }, help, fields);
    form.noValidate = true;
    const reset = resetButton(() => {
      entries.clear();
      for (const each of views) each.fault("");
      redraws.request();
    }, signal);
    const stop = (run: Parameters<CommandLink["cancel"]>[0]) => void link.cancel(run);
    const own = runLine(name, stop, signal);
    const others = othersView(name, stop, signal);
    const outcome = element("div", { class: "rtw-form__outcome", role: "status" });
    describe(submit, outcome);
    const result = element("div", { class: "rtw-result", hidden: true });
    form.append(element("div", { class: "rtw-form__actions" }, submit, reset, own.root, outcome));
    view.body.append(form, result, others.root);

    let views: FieldView[] = [];
    let shownSchema = "";
    let fieldsEnd = new AbortController();
    signal.addEventListener("abort", () => fieldsEnd.abort(), { once: true });
    let shownEnding: Ending | null = null;

    /** Make the fields anew when the command takes something else than before; what was put in stays. */
    const rebuild = () => {
      const schema = schemaIn(link.row);
      const written = JSON.stringify(schema);
      if (written === shownSchema) return;
      shownSchema = written;
      fieldsEnd.abort();
      fieldsEnd = new AbortController();
      const { fields: known, help: words } = readFormSchema(schema);
      setProse(help, words);
      help.hidden = words === "";
      views = known.map((field) =>
        fieldView(
          field,
          (entry) => {
            entries.set(field.name, entry);
            views.find((one) => one.field === field)?.fault("");
            redraws.request();
          },
          fieldsEnd.signal,
        ),
      );
      fields.replaceChildren(...views.map(({ root }) => root));
    };

    const send = () => {
      const read = readForm(views.map(({ field }) => field), entries);
      if ("faults" in read) {
        for (const each of views) each.fault(read.faults.get(each.field.name) ?? "");
        return views.find(({ field }) => read.faults.has(field.name))?.focus();
      }
      void link.start(read.args, options.timeout_ms);
    };
    form.addEventListener(
      "submit",
      (event) => {
        event.preventDefault();
        if (!submit.disabled) send();
      },
      { signal },
    );

    const refresh = () => {
      rebuild();
      const title = options.title || textIn(link.row ?? new Map(), "title") || options.command;
      view.retitle(title);
      const run = link.own;
      const why = link.whyNot;
      const wasOnStop = own.root.contains(document.activeElement);
      submit.disabled = run !== null || why !== null;
      submit.setAttribute("aria-busy", String(run !== null));
      for (const each of views) each.show(entries.get(each.field.name) ?? firstEntry(each.field));
      own.root.hidden = run === null;
      const isLocked = link.locked !== "";
      view.root.classList.toggle("rtw--locked", isLocked);
      lock.hidden = !isLocked;
      fields.disabled = isLocked;
      reset.hidden = isLocked || views.length === 0;
      reset.disabled = entries.size === 0;
      if (run) own.show(run);
      if (!run && wasOnStop) submit.focus();
      const ending = run ? null : link.ending;
      const isShown = ending !== null && (why === null || ending.state !== "done");
      const { text: words, tone } = isShown && ending ? endingText(ending) : { text: run ? "" : (why ?? ""), tone: "" };
      const hasResult = ending?.state === "done" && ending.result !== null && ending.result !== undefined;
      setProse(outcome, hasResult && isShown ? "done" : words);
      outcome.hidden = outcome.textContent === "";
      outcome.dataset.tone = tone;
      if (ending !== shownEnding) {
        shownEnding = ending;
        showResult(result, hasResult ? ending.result : null);
        if (ending?.state === "failed") blame(ending.fault);
      }
      others.show(link.others, link.mayCall);
    };

    /** What the handler says about an argument belongs to its field, too. */
    const blame = (fault: string) => {
      const named = /\bargument '(\w+)':? (.*)/s.exec(fault);
      views.find(({ field }) => field.name === named?.[1])?.fault(named?.[2] ?? "");
    };
    markSaved(view.root, link.catalogue, [fields], signal);
    redraws.add(refresh, signal);
    refresh();
  },

  picture: (_, { link }) => commandPicture(link),
});
