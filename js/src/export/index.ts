// The script of a saved file: shows what was saved, and goes live where it may.

import { connect, HUB } from "../host/hub.ts";
import { join, readInvite, type Admission } from "../host/join.ts";
import { endedWords, refusalWords } from "../host/words.ts";
import { writableSlot } from "../connection/registry.ts";
import { element } from "../lib/dom.ts";
import { kindOfSpec } from "../lib/kinds.ts";
import { asRecord } from "../lib/options.ts";
import { adoptStyles } from "../lib/styles.ts";
import { followTheme } from "../lib/theme.ts";
import { readContents, type Contents, type LiveHub } from "./contents.ts";
import { fileHead, type Head } from "./head.ts";

/** The text of export.css, put in by the build. */
declare const RTW_STYLES: string;

/** Kinds that fit several into a row. */
const NARROW = /^(metric|button|slider|range_slider|toggle|select|multi_select|text_input|number_input|date_input)$/;
/** What others read of who looks at a file. */
const READER = "guest";

/** Ends the widgets that are shown. */
let shown = new AbortController();

const stage = element("div", { class: "rtw rtw-file" });
adoptStyles(stage, RTW_STYLES);
document.body.append(stage);
followTheme(stage, () => undefined, new AbortController().signal);
try {
  show(readContents(document.getElementById("rtwidgets-file")?.textContent ?? ""));
} catch (error) {
  stage.append(element("p", { class: "rtw-notice", role: "alert", text: `This file can't be shown: ${error instanceof Error ? error.message : String(error)}` }));
}

function show(contents: Contents): void {
  const { hub } = contents;
  const head = fileHead(contents, new AbortController().signal);
  const place = element("main", { class: "rtw-file__widgets" });
  stage.append(head.root, place);
  stage.classList.toggle("rtw-file--one", contents.widgets.length === 1);
  writableSlot(HUB).absence = {
    state: "nothing was saved",
    wayOut: hub ? "open the session, at the top of the page" : "ask whoever saved this file",
  };
  showSaved(contents, place);
  if (hub === null) return;
  // A page from a disk has no origin that a hub could allow.
  if (hub.invite === "" || !location.protocol.startsWith("http")) return head.offerPage();
  const come = (name: string): void => void goLive(hub, name, head, () => showSaved(contents, place));
  if (readInvite(hub.invite)?.role === "viewer") come(READER);
  else head.askName(come);
}

/** Show all widgets as they were saved, anew if they are shown already. */
function showSaved({ widgets, atMs }: Contents, place: HTMLElement): void {
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  place.replaceChildren(
    ...widgets.map(({ spec, feeds }) => {
      const kind = asRecord(spec)?.kind;
      const el = element("div", { class: typeof kind === "string" && NARROW.test(kind) ? "rtw-file__narrow" : "rtw-file__wide" });
      const values = new Map<string, unknown>([
        ["spec", { ...asRecord(spec), hub: HUB }],
        ["snapshot", { at_ms: atMs, feeds }],
      ]);
      const model = { get: (name: string) => values.get(name) };
      const widget = kindOfSpec(spec)();
      widget.initialize({ model, signal });
      widget.render({ model, el, signal });
      return el;
    }),
  );
}

async function goLive(hub: LiveHub, name: string, head: Head, back: () => void): Promise<void> {
  head.say("Asking the hub…");
  const answer = await join(hub.base, hub.invite, name);
  if ("token" in answer) return follow(hub, answer, head, back);
  const { title, text } = refusalWords(answer, Date.now());
  // No hub answers, or it does not let this page's origin ask: its own page may work.
  head.say(answer.reason === "away" ? "The hub can't be reached from this page." : `${title}. ${text}`);
  head.offerPage();
}

function follow(hub: LiveHub, admission: Admission, head: Head, back: () => void): void {
  const life = new AbortController();
  const connection = connect(hub.base, admission, life.signal);
  // Who subscribes to it is in the session, for the others to see.
  connection.event(`event:${hub.session}/rtwidgets.members`, { maxHz: 1, visible: true, onChange: () => undefined }, life.signal);
  connection.onStatus(() => {
    const { phase, reason } = connection.status;
    if (phase === "live") return head.live();
    if (phase !== "down") return head.say(reason ?? "");
    life.abort();
    back();
    const { title, text } = endedWords(reason ?? "", admission.expiresAtMs, Date.now());
    head.say(`${title}. ${text}`);
    head.offerPage();
  }, life.signal);
}
