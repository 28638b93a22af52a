// The way in: a link's invite, or what this tab has kept, becomes an admission and a visit; what keeps somebody out
// is said.

import type { Connection } from "../connection/hub.ts";
import { element } from "../lib/dom.ts";
import { card } from "./cards.ts";
import { connect } from "./hub.ts";
import { join, readInvite, type Admission } from "./join.ts";
import { takeFragment, type Keep } from "./keep.ts";
import { signIn } from "./sign_in.ts";
import { LEFT, overWords, refusalWords, type Notice } from "./words.ts";

const AGAIN_MS = 3_000;

/** Somebody who came in, connected until the signal aborts. */
export interface Visit {
  readonly admission: Admission;
  readonly connection: Connection;
  readonly signal: AbortSignal;
  /** Show why it is over; who is told so for good has to come in anew. */
  end(notice: Notice): void;
}

export interface EntryOptions {
  readonly base: URL;
  readonly keep: Keep;
  /** Where it shows itself. */
  readonly stage: HTMLElement;
  /** The session of this page; empty for the lobby. */
  readonly session: string;
  /** What is said to who comes without a link. */
  readonly without: Notice;
  /** Show what there is to see, until the visit's signal aborts. */
  enter(visit: Visit): void;
}

/** Let people in, also when another link is opened in the same tab. */
export function entry(options: EntryOptions, signal: AbortSignal): void {
  const { keep, session } = options;
  let current = new AbortController();
  const start = (): void => {
    current.abort();
    current = new AbortController();
    const invite = takeFragment();
    const kept = keep.admission;
    if (invite !== "") return void comeIn(options, invite, current.signal);
    if (kept !== null && (kept.session === "" || kept.session === session)) return options.enter(visit(options, kept, current.signal));
    show(options.stage, card(keep.isOver ? overWords(options.without) : options.without));
  };
  addEventListener("hashchange", () => location.hash.length > 1 && start(), { signal });
  signal.addEventListener("abort", () => current.abort(), { once: true });
  start();
}

function visit({ base, keep, stage }: EntryOptions, admission: Admission, until: AbortSignal): Visit {
  const life = new AbortController();
  until.addEventListener("abort", () => life.abort(), { once: true });
  const end = (notice: Notice): void => {
    if (notice === LEFT) keep.leave();
    else if (notice.final) keep.over();
    life.abort();
    show(stage, card(notice));
  };
  return { admission, connection: connect(base, admission, life.signal), signal: life.signal, end };
}

function comeIn(options: EntryOptions, invite: string, signal: AbortSignal): void {
  const { keep, stage, session } = options;
  const invited = readInvite(invite);
  const form = signIn({ session: invited?.session || session, role: invited?.role ?? "viewer" }, keep.name, (name) => void attempt(name), signal);
  let timer: ReturnType<typeof setTimeout> | undefined;
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });

  const attempt = async (name: string): Promise<void> => {
    clearTimeout(timer);
    form.say(null, true);
    if (name !== "") keep.name = name;
    const answer = await join(options.base, invite, name);
    if (signal.aborted) return;
    if ("token" in answer) {
      keep.admission = answer;
      return options.enter(visit(options, answer, signal));
    }
    const notice = refusalWords(answer, Date.now());
    if (answer.reason === "no_name") return form.say(notice, false);
    show(stage, card(notice));
    if (notice.passing) timer = setTimeout(() => void attempt(name), AGAIN_MS);
  };

  // A sign-in says itself who comes, and what is no invite is not worth a name.
  if (invited === null || invited.session === "") {
    show(stage, card({ title: "Signing in", text: "Asking the hub…", passing: true }));
    void attempt("");
  } else {
    show(stage, form.root);
    stage.querySelector("input")?.focus();
  }
}

/** Put something in the middle of the page, and nothing else. */
export function show(stage: HTMLElement, content: HTMLElement): void {
  stage.replaceChildren(element("main", { class: "rtw-host__middle" }, content));
}
