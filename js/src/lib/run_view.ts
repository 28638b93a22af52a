// Calls under way as people see them: who, how far, and a way to stop.

import { isUnderWay, type Ending, type Run } from "./command_link.ts";
import { button, element, icon, setNames, setText } from "./dom.ts";
import { formatDuration } from "./format.ts";
import { resultText } from "./result_view.ts";

const CROSS = "M4 4l8 8M12 4l-8 8";
/** More calls of others are counted and not listed. */
const MOST_OTHERS = 3;

export interface ProgressBar {
  readonly root: HTMLElement;
  /** How much is done, 0 to 1; null when nobody knows. */
  set(fraction: number | null): void;
}

/** A bar; it moves to and fro while the fraction is not known. */
export function progressBar(label: string): ProgressBar {
  const fill = element("div", { class: "rtw-bar__fill" });
  const root = element("div", { class: "rtw-bar", role: "progressbar", label }, fill);
  root.setAttribute("aria-valuemin", "0");
  root.setAttribute("aria-valuemax", "100");
  return {
    root,
    set(fraction) {
      root.classList.toggle("rtw-bar--unknown", fraction === null);
      fill.style.width = fraction === null ? "" : `${fraction * 100}%`;
      if (fraction === null) root.removeAttribute("aria-valuenow");
      else root.setAttribute("aria-valuenow", String(Math.round(fraction * 100)));
    },
  };
}

export interface RunLine {
  readonly root: HTMLElement;
  show(run: Run, mayStop?: boolean): void;
}

/** One call under way: what it does, a bar, a way to stop it. */
export function runLine(label: string, onStop: (run: Run) => void, signal: AbortSignal): RunLine {
  let shown: Run | null = null;
  const text = element("span", { class: "rtw-run__text" });
  const bar = progressBar(`progress of ${label}`);
  const stop = button({ class: "rtw-run__stop", label: `Stop ${label}` }, () => shown && onStop(shown), signal);
  stop.title = "Stop";
  stop.append(icon(CROSS));
  const root = element("div", { class: "rtw-run" }, text, bar.root, stop);
  return {
    root,
    show(run, mayStop = true) {
      shown = run;
      setNames(text, wordsOf(run));
      const under = isUnderWay(run);
      root.dataset.tone = under ? "" : run.state === "done" ? "good" : "bad";
      bar.root.hidden = !under;
      stop.hidden = !under || !mayStop;
      bar.set(run.fraction);
      // A call that the hub does not show yet can be stopped by who made it only.
      stop.disabled = run.state === "cancelling" || (run.id === null && run.by !== "");
    },
  };
}

export interface OthersView {
  readonly root: HTMLElement;
  show(runs: readonly Run[], mayStop: boolean): void;
}

/** The calls of others, one line each. */
export function othersView(label: string, onStop: (run: Run) => void, signal: AbortSignal): OthersView {
  const lines: RunLine[] = [];
  const more = element("div", { class: "rtw-runs__more" });
  const root = element("div", { class: "rtw-runs", role: "status", hidden: true }, more);
  return {
    root,
    show(runs, mayStop) {
      root.hidden = runs.length === 0;
      const listed = runs.slice(0, MOST_OTHERS);
      while (lines.length < listed.length) {
        const line = runLine(label, onStop, signal);
        lines.push(line);
        root.insertBefore(line.root, more);
      }
      lines.forEach((line, i) => {
        const run = listed[i];
        line.root.hidden = run === undefined;
        if (run) line.show(run, mayStop);
      });
      const rest = runs.length - listed.length;
      more.hidden = rest <= 0;
      setText(more, `and ${rest} more`);
    },
  };
}

/** What a call of the widget's own came to, in a sentence. */
export function endingText(ending: Ending): { text: string; tone: "good" | "bad" | "" } {
  if (ending.state === "cancelled") return { text: "stopped", tone: "" };
  if (ending.state !== "done") return { text: ending.fault, tone: "bad" };
  const { result } = ending;
  const took = ending.tookMs >= 1000 ? ` in ${formatDuration(ending.tookMs)}` : "";
  return { text: result === null || result === undefined ? `done${took}` : resultText(result), tone: "good" };
}

function wordsOf(run: Run): string {
  const percent = run.fraction === null ? "" : `${Math.floor(run.fraction * 100)} %`;
  const parts = [run.by, stateWords(run), isUnderWay(run) ? percent : "", isUnderWay(run) ? run.note : run.fault];
  return parts.filter((part) => part !== "").join(" · ");
}

function stateWords({ state, by, note, fraction }: Run): string {
  switch (state) {
    case "running":
      // Who did it is enough said where there is more to say.
      return note || fraction !== null ? "" : by ? "running this" : "running…";
    case "cancelling":
      return "stopping…";
    case "cancelled":
      return "stopped";
    case "deadline":
      return "took too long";
    case "unknown":
      return "outcome unknown";
    default:
      return state;
  }
}
